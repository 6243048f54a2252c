"""What is offered: the category tree, and titles and prices that fit the category."""

import numpy as np

from . import bulk
from .draws import Floats, Ints, pick

# top category -> leaf -> (how much of the market it is, typical price, things)
TREE: dict[str, dict[str, tuple[float, float, str]]] = {
    "Vehicles": {
        "Cars": (9, 42_000, "Fiat Uno|Volkswagen Gol|Chevrolet Onix|Renault Clio|Citroën C3|Toyota Corolla"),
        "Motorcycles": (4, 11_000, "Honda CG 160|Yamaha Fazer|Honda Biz|Kawasaki Ninja"),
        "Parts": (6, 320, "pneu aro 15|jogo de rodas|farol|escapamento|son automotivo"),
    },
    "Home": {
        "Furniture": (12, 650, "sofá|canapé|mesa de jantar|armoire|estante|lit double|cadeira"),
        "Appliances": (8, 900, "geladeira|lave-linge|fogão|micro-ondas|cafetière|ar-condicionado"),
        "Garden": (4, 180, "tondeuse|vaso|chaise longue|churrasqueira"),
    },
    "Electronics": {
        "Phones": (13, 1_200, "iPhone 13|Galaxy S22|Moto G|Xiaomi Redmi|iPhone 11"),
        "Computers": (8, 2_100, "notebook Dell|MacBook Air|écran 27 pouces|placa de vídeo|teclado mecânico"),
        "Games": (6, 700, "PlayStation 5|Xbox Series S|Nintendo Switch|manette|jogo FIFA"),
    },
    "Fashion": {
        "Clothing": (11, 90, "vestido|manteau|camisa|robe d'été|calça jeans|veste en cuir"),
        "Shoes": (6, 160, "tênis Nike|bottes|sandália|baskets Adidas"),
    },
    "Leisure": {
        "Sports": (5, 450, "bicicleta|vélo de route|prancha de surf|haltères|raquete"),
        "Music": (3, 800, "guitare acoustique|violão|piano numérique|bateria"),
        "Books": (3, 35, "roman|livro infantil|BD Astérix|dicionário"),
    },
    "Family": {
        "Baby": (4, 220, "carrinho de bebê|poussette|berço|siège auto"),
        "Pets": (2, 120, "casinha de cachorro|aquário|arbre à chat"),
    },
}
CONDITIONS = (
    "novo",
    "usado",
    "comme neuf",
    "semi-novo",
    "bon état",
    "na caixa",
    "com nota fiscal",
    "très peu servi",
    "✨ promo ✨",
)

TOPS = list(TREE)
LEAVES = [(top, leaf, *facts) for top, leaves in TREE.items() for leaf, facts in leaves.items()]
FIRST_LEAF_ID = 100  # top categories are 1, 2, ...
SHARES = np.array([share for _, _, share, _, _ in LEAVES])
PRICES = np.array([price for _, _, _, price, _ in LEAVES])
THINGS = [things.split("|") for *_, things in LEAVES]


def categories(created: int) -> bulk.Columns:
    """The category table."""
    names = [*TOPS, *(leaf for _, leaf, *_ in LEAVES)]
    moments = bulk.timestamps(np.full(len(names), created))
    return {
        "category_id": [*range(1, len(TOPS) + 1), *range(FIRST_LEAF_ID, FIRST_LEAF_ID + len(LEAVES))],
        "parent_id": [None] * len(TOPS) + [TOPS.index(top) + 1 for top, *_ in LEAVES],
        "slug": [name.lower() for name in names],
        "name": names,
        "created_at": moments,
        "updated_at": moments,
    }


def leaf_categories(rng: np.random.Generator, count: int) -> Ints:
    return FIRST_LEAF_ID + pick(rng, SHARES, count)


def titles(rng: np.random.Generator, category_ids: Ints) -> list[str]:
    draws = rng.integers(0, 2**31, (len(category_ids), 2)).tolist()
    things = (THINGS[leaf] for leaf in (category_ids - FIRST_LEAF_ID).tolist())
    return [f"{of[a % len(of)]} {CONDITIONS[b % len(CONDITIONS)]}" for of, (a, b) in zip(things, draws)]


def prices(rng: np.random.Generator, category_ids: Ints) -> Floats:
    """Whole amounts, log-normal around what the category costs."""
    typical = PRICES[category_ids - FIRST_LEAF_ID]
    return np.maximum(1.0, np.round(typical * rng.lognormal(0, 0.6, len(category_ids))))
