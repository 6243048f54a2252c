"""What people write: messages between buyers and sellers, and what they type into the search box."""

import numpy as np

from .catalog import THINGS
from .draws import Ints, pick

MESSAGES = (
    "Olá, ainda está disponível?",
    "Bonjour, est-ce toujours disponible ?",
    "Aceita troca?",
    "Quel est votre dernier prix ?",
    "Posso buscar hoje à tarde 🙂",
    "Faz entrega?",
    "Merci, à demain !",
    "Tem mais fotos? O estado é bom?",
    "Is the price negotiable?",
    "Fechado 👍",
    "Desculpe a demora,\nainda tenho interesse.",
    'Ele disse "último preço", confere?',
)
WITH_PHONE = ("Me chama no {}", "Appelez-moi au {} svp", "Meu whats é {}, pode ligar", "{} — call me")
SEARCH_EXTRAS = (
    "",
    "",
    "",
    " usado",
    " barato",
    " pas cher",
    " novo",
    " perto de mim",
    " 🔥",
    " são paulo",
    "  ",
    " até 500",
)
QUERIES = [f"{thing}{extra}" for things in THINGS for thing in things for extra in dict.fromkeys(SEARCH_EXTRAS)]
UNUSUAL_QUERIES = ["", "🚗", "çöçö", "''; drop table listings;--", "مرحبا", "自転車", "SOFÁ!!!", "a\u0301lbum"]


def messages(rng: np.random.Generator, phones: dict[int, str], count: int) -> list[str]:
    """`count` messages; those at the positions in `phones` mention that number."""
    bodies = [MESSAGES[position] for position in rng.integers(0, len(MESSAGES), count).tolist()]
    for position, phone in phones.items():
        bodies[position] = WITH_PHONE[position % len(WITH_PHONE)].format(phone)
    return bodies


def queries(rng: np.random.Generator, count: int) -> tuple[list[str], Ints]:
    """The vocabulary of the search box, and `count` positions in it: few queries are typed often, most rarely."""
    vocabulary = np.random.default_rng(1).permutation([*QUERIES, *UNUSUAL_QUERIES]).tolist()
    return vocabulary, pick(rng, 1 / np.arange(1, len(vocabulary) + 1), count)
