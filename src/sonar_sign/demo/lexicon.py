"""The words of the grammar in English and Italian: a small vocabulary, and a large one."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """Subject of a sentence, always singular."""

    eng: str
    ita: str
    person: int
    """Grammatical person: 1, 2 or 3."""
    feminine: bool = False
    """Whether a third person is "she"."""


@dataclass(frozen=True)
class Verb:
    """The forms of a verb that the grammar needs."""

    eng: tuple[str, str, str, str]
    """Base form, third person singular, past, -ing form."""
    ita_present: tuple[str, str, str]
    """First, second and third person singular."""
    ita_participle: str
    ita_gerund: str
    ita_future: str
    """The stem, to which the ending of the person is added."""


@dataclass(frozen=True)
class Noun:
    """A noun as object of a sentence."""

    eng: tuple[str, str]
    """Singular and plural."""
    ita: tuple[str, str]
    """Singular and plural."""
    ita_article: str
    """Definite article of the singular, with its space where it has one."""
    feminine: bool


@dataclass(frozen=True)
class Adjective:
    """An adjective; only Italian inflects it."""

    eng: str
    ita: tuple[str, str, str, str]
    """Masculine and feminine singular, masculine and feminine plural."""


@dataclass(frozen=True)
class Time:
    """An adverb of time, and the tense that goes with it."""

    eng: str
    ita: str
    tense: str
    """`past`, `progressive` or `future`."""


SUBJECTS = {
    "I": Subject("I", "io", 1),
    "YOU": Subject("you", "tu", 2),
    "TEACHER": Subject("the teacher", "l'insegnante", 3, True),
    "MOTHER": Subject("the mother", "la madre", 3, True),
    "FRIEND": Subject("my friend", "il mio amico", 3),
}
VERBS = {
    "CUT": Verb(
        ("cut", "cuts", "cut", "cutting"),
        ("taglio", "tagli", "taglia"), "tagliato", "tagliando", "taglier",
    ),
    "WASH": Verb(
        ("wash", "washes", "washed", "washing"),
        ("lavo", "lavi", "lava"), "lavato", "lavando", "laver",
    ),
    "FIND": Verb(
        ("find", "finds", "found", "finding"),
        ("trovo", "trovi", "trova"), "trovato", "trovando", "trover",
    ),
    "PAINT": Verb(
        ("paint", "paints", "painted", "painting"),
        ("dipingo", "dipingi", "dipinge"), "dipinto", "dipingendo", "dipinger",
    ),
    "BUY": Verb(
        ("buy", "buys", "bought", "buying"),
        ("compro", "compri", "compra"), "comprato", "comprando", "comprer",
    ),
    "CARRY": Verb(
        ("carry", "carries", "carried", "carrying"),
        ("porto", "porti", "porta"), "portato", "portando", "porter",
    ),
}  # fmt: skip
NOUNS = {
    "APPLE": Noun(("apple", "apples"), ("mela", "mele"), "la ", True),
    "BREAD": Noun(("bread roll", "bread rolls"), ("panino", "panini"), "il ", False),
    "DOOR": Noun(("door", "doors"), ("porta", "porte"), "la ", True),
    "CAR": Noun(("car", "cars"), ("macchina", "macchine"), "la ", True),
    "BOOK": Noun(("book", "books"), ("libro", "libri"), "il ", False),
    "SHIRT": Noun(("shirt", "shirts"), ("camicia", "camicie"), "la ", True),
    "TREE": Noun(("tree", "trees"), ("albero", "alberi"), "l'", False),
}
ADJECTIVES = {
    "RED": Adjective("red", ("rosso", "rossa", "rossi", "rosse")),
    "BIG": Adjective("big", ("grande", "grande", "grandi", "grandi")),
    "OLD": Adjective("old", ("vecchio", "vecchia", "vecchi", "vecchie")),
}
TIMES = {
    "YESTERDAY": Time("yesterday", "ieri", "past"),
    "NOW": Time("now", "adesso", "progressive"),
    "TOMORROW": Time("tomorrow", "domani", "future"),
}

MORE_SUBJECTS = {
    "DOCTOR": Subject("the doctor", "il medico", 3),
    "FATHER": Subject("the father", "il padre", 3),
    "SISTER": Subject("my sister", "mia sorella", 3, True),
    "BROTHER": Subject("my brother", "mio fratello", 3),
    "NEIGHBOUR": Subject("the neighbour", "la vicina", 3, True),
    "BOSS": Subject("the boss", "il capo", 3),
    "NURSE": Subject("the nurse", "l'infermiera", 3, True),
    "BAKER": Subject("the baker", "il fornaio", 3),
}
# Regular in Italian: its infinitive says every form.
_MORE_VERBS = """
use uses used using usare, cook cooks cooked cooking cucinare,
watch watches watched watching guardare, repair repairs repaired repairing riparare,
order orders ordered ordering ordinare, rent rents rented renting affittare,
lift lifts lifted lifting sollevare, measure measures measured measuring misurare,
decorate decorates decorated decorating decorare, polish polishes polished polishing lucidare,
show shows showed showing mostrare, prepare prepares prepared preparing preparare,
draw draws drew drawing disegnare, count counts counted counting contare,
arrange arranges arranged arranging sistemare, empty empties emptied emptying svuotare,
try tries tried trying provare, pull pulls pulled pulling tirare,
steal steals stole stealing rubare, turn turns turned turning girare,
glue glues glued gluing incollare, wrap wraps wrapped wrapping incartare,
lend lends lent lending prestare, donate donates donated donating donare,
love loves loved loving amare, photograph photographs photographed photographing fotografare,
rub rubs rubbed rubbing strofinare, shake shakes shook shaking agitare,
heat heats heated heating riscaldare"""
# English singular and plural, Italian singular and plural, article (il, lo, la), m or f.
_MORE_NOUNS = """
house houses casa case la f, table tables tavolo tavoli il m, chair chairs sedia sedie la f,
window windows finestra finestre la f, bed beds letto letti il m, lamp lamps lampada lampade la f,
clock clocks orologio orologi l' m, key keys chiave chiavi la f, bag bags borsa borse la f,
shoe shoes scarpa scarpe la f, hat hats cappello cappelli il m, coat coats cappotto cappotti il m,
dress dresses vestito vestiti il m, ring rings anello anelli l' m,
glass glasses bicchiere bicchieri il m, plate plates piatto piatti il m,
knife knives coltello coltelli il m, fork forks forchetta forchette la f,
spoon spoons cucchiaio cucchiai il m, bottle bottles bottiglia bottiglie la f,
cake cakes torta torte la f, orange oranges arancia arance l' f, lemon lemons limone limoni il m,
tomato tomatoes pomodoro pomodori il m, potato potatoes patata patate la f,
flower flowers fiore fiori il m, garden gardens giardino giardini il m,
bridge bridges ponte ponti il m, bike bikes bicicletta biciclette la f,
boat boats barca barche la f, train trains treno treni il m, ball balls palla palle la f,
box boxes scatola scatole la f, letter letters lettera lettere la f,
picture pictures quadro quadri il m, phone phones telefono telefoni il m,
mirror mirrors specchio specchi lo m, umbrella umbrellas ombrello ombrelli l' m,
guitar guitars chitarra chitarre la f, hammer hammers martello martelli il m,
ladder ladders scala scale la f, basket baskets cesto cesti il m"""
# English, then Italian masculine and feminine singular, masculine and feminine plural.
_MORE_ADJECTIVES = """
small piccolo piccola piccoli piccole, new nuovo nuova nuovi nuove, blue blu blu blu blu,
green verde verde verdi verdi, black nero nera neri nere, white bianco bianca bianchi bianche,
yellow giallo gialla gialli gialle, heavy pesante pesante pesanti pesanti,
long lungo lunga lunghi lunghe, clean pulito pulita puliti pulite,
dirty sporco sporca sporchi sporche"""
MORE_TIMES = {
    "LAST_YEAR": Time("last year", "l'anno scorso", "past"),
    "SOON": Time("soon", "presto", "future"),
}


def _verb(base: str, third: str, past: str, ing: str, infinitive: str) -> Verb:
    stem = infinitive.removesuffix("are")
    present = (f"{stem}o", f"{stem}i", f"{stem}a")
    return Verb((base, third, past, ing), present, f"{stem}ato", f"{stem}ando", f"{stem}er")


def _noun(one: str, several: str, ita: str, ita_several: str, article: str, gender: str) -> Noun:
    article = article if article.endswith("'") else f"{article} "
    return Noun((one, several), (ita, ita_several), article, gender == "f")


def _adjective(eng: str, *ita: str) -> Adjective:
    return Adjective(eng, ita)


def _read(table: str, kind: Callable) -> dict:
    rows = [row.split() for row in table.split(",")]
    return {row[0].upper(): kind(*row) for row in rows}


MORE_VERBS: dict[str, Verb] = _read(_MORE_VERBS, _verb)
MORE_NOUNS: dict[str, Noun] = _read(_MORE_NOUNS, _noun)
MORE_ADJECTIVES: dict[str, Adjective] = _read(_MORE_ADJECTIVES, _adjective)

# Names are the same in both languages, and are made of few letters.
NAMES = {
    name.upper(): Subject(name, name, 3, feminine)
    for name, feminine in (
        ("Ada", True), ("Bob", False), ("Lina", True), ("Nico", False), ("Bea", True),
        ("Leo", False), ("Dina", True), ("Aldo", False),
    )
}  # fmt: skip
MORE_NAMES = {
    name.upper(): Subject(name, name, 3, feminine)
    for name, feminine in (
        ("Clio", True), ("Dino", False), ("Elena", True), ("Nello", False), ("Ilda", True),
        ("Bill", False), ("Nadia", True), ("Ennio", False),
    )
}  # fmt: skip
TEST_NAMES = {
    name.upper(): Subject(name, name, 3, feminine)
    for name, feminine in (("Anna", True), ("Dan", False), ("Celia", True), ("Eli", False))
}
"""Names that no training sentence has."""
ALL_NAMES = NAMES | MORE_NAMES | TEST_NAMES

# What any sentence of the grammar may hold.
ALL_SUBJECTS = SUBJECTS | MORE_SUBJECTS | ALL_NAMES
ALL_VERBS = VERBS | MORE_VERBS
ALL_NOUNS = NOUNS | MORE_NOUNS
ALL_ADJECTIVES = ADJECTIVES | MORE_ADJECTIVES
ALL_TIMES = TIMES | MORE_TIMES
