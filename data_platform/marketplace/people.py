"""Who the users are: names with accents, mostly sound e-mail addresses, cities by size."""

import unicodedata

import numpy as np

from . import bulk
from .dirt import spoil_emails
from .draws import Ints, pick


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words(
    "Ana André Beatriz Bruno Camille Carlos Chloé Daniela Eduardo Élodie Fatima Felipe François Gabriela Hélène Hugo "
    "Inês Isabel Jean João José Júlia Karim Laura Léa Lucas Luíza Mariana Mateus Mélanie Nadia Noël Olivia Paulo Pedro "
    "Rafaela Renée Sofía Théo Tomás Valentina Vitória Yasmin Zoé"
)
LAST_NAMES = _words(
    "Almeida Araújo Barbosa Bernard Cardoso Castro Conceição Costa Dubois Durand Fernandes Ferreira García Gomes "
    "Gonçalves Lefèvre Lima Lopes Martin Martínez Melo Mendes Moreau Nogueira Núñez Oliveira Pereira Petit Ribeiro "
    "Rocha Rousseau Santos Silva Simões Souza Teixeira Vieira"
)
CITIES = {
    "São Paulo": 30,
    "Rio de Janeiro": 16,
    "Belo Horizonte": 9,
    "Brasília": 8,
    "Curitiba": 7,
    "Porto Alegre": 6,
    "Salvador": 6,
    "Recife": 5,
    "Fortaleza": 5,
    "Florianópolis": 3,
    "Goiânia": 3,
    "Ribeirão Preto": 2,
}
MAIL_HOSTS = ("example.com", "example.org", "mail.example.net", "correio.example.com")
DEVICES, DEVICE_SHARES = ("web", "ios", "android"), (0.40, 0.25, 0.35)


def cities(rng: np.random.Generator, count: int) -> list[str]:
    return _choose(list(CITIES), pick(rng, np.array(list(CITIES.values()), float), count))


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Numbers that look right to a pattern."""
    return [
        f"+55 {a} 9{b:04d}-{c:04d}" for a, b, c in rng.integers((11, 0, 0), (99, 10_000, 10_000), (count, 3)).tolist()
    ]


def sign_ups(rng: np.random.Generator, first_id: int, created: Ints) -> bulk.Columns:
    """One new user per moment, ids counting up."""
    count = len(created)
    names = list(
        zip(_choose(FIRST_NAMES, _any(rng, FIRST_NAMES, count)), _choose(LAST_NAMES, _any(rng, LAST_NAMES, count)))
    )
    ids = np.arange(first_id, first_id + count)
    hosts = _choose(MAIL_HOSTS, _any(rng, MAIL_HOSTS, count))
    emails = [f"{_PLAIN[first]}.{_PLAIN[last]}{n}@{host}" for (first, last), n, host in zip(names, ids.tolist(), hosts)]
    spoil_emails(emails, rng)
    has_phone = rng.random(count) < 0.6
    return {
        "user_id": ids,
        "email": emails,
        "display_name": [f"{first} {last}" for first, last in names],
        "phone": [phone if has else None for phone, has in zip(phones(rng, count), has_phone.tolist())],
        "city": cities(rng, count),
        "signup_device": _choose(DEVICES, pick(rng, np.array(DEVICE_SHARES), count)),
        "is_verified": rng.random(count) < 0.35,
        "created_at": bulk.timestamps(created),
        "updated_at": bulk.timestamps(created),
    }


def _any(rng: np.random.Generator, words: list | tuple, count: int) -> Ints:
    return rng.integers(0, len(words), count)


def _choose(words: list | tuple, positions: Ints) -> list[str]:
    return [words[position] for position in positions.tolist()]


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


_PLAIN = {name: _ascii(name) for name in (*FIRST_NAMES, *LAST_NAMES)}
