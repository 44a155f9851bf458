"""Vocabulary of customers' answers by language, in the form that `fold` gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whatsapp_hub.domain.accounts.tenant import Language


def _count(words: str) -> dict[str, int]:
    """Give the words numbers from 1; alternatives are separated by a slash: `un/una dos`."""
    return {word: n for n, each in enumerate(words.split(), start=1) for word in each.split("/")}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`yes` and `no` decide by themselves; `no_alone` only as the whole answer; `softly` agrees unless a `no` is there.

    `numbers` mean an option by themselves, `ordinals` (weekdays, seconds and rooms too) only beside one of `pointers`.
    `fillers` say nothing about which option or whether; `courtesies` are phrases that can be dropped from any answer;
    `refusals` are phrases that mean `no`; one of `bars` in a sentence means that a name in it is not (or not
    alone) what is wanted.
    """

    yes: frozenset[str]
    no: frozenset[str]
    softly: frozenset[str]
    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    pointers: frozenset[str]
    fillers: frozenset[str]
    courtesies: tuple[str, ...]
    refusals: tuple[str, ...]
    bars: frozenset[str]
    no_alone: frozenset[str] = field(default=frozenset())


VOCABULARY: Mapping[Language, Vocabulary] = {
    Language.PT_BR: Vocabulary(
        yes=_set("sim s ss yes ok okay claro certo certeza exato correto positivo confirmo"),
        no=_set("nao n nn naum nenhum negativo"),
        no_alone=_set("no"),
        softly=_set("quero queria gostaria desejo pode isso mesmo aceito vamos"),
        numbers=_count(
            "um/uma/primeiro/primeira dois/duas tres/terceiro/terceira quatro cinco seis sete/setimo/setima"
            " oito/oitavo/oitava nove/nono/nona dez/decimo/decima onze doze treze quatorze/catorze quinze dezesseis"
            " dezessete dezoito dezenove vinte"
        ),
        ordinals={"segundo": 2, "segunda": 2, "quarto": 4, "quarta": 4, "quinto": 5, "quinta": 5}
        | {"sexto": 6, "sexta": 6},
        pointers=_set("a o opcao numero item alternativa"),
        fillers=_set(
            "a o as os e eh de da do das dos na no com em para pra pro por ao ser seria falar conversar ir que sao eu"
            " me opcao numero num item alternativa departamento setor area equipe opcoes quero queria gostaria desejo"
            " escolho escolhi escolha prefiro vou pode entao so apenas agora sim ok tecla digito resposta minha"
        ),
        courtesies=(
            "por favor", "por gentileza", "muito obrigado", "muito obrigada", "obrigado", "obrigada", "obg", "pf",
            "pfv", "pfvr", "valeu", "vlw", "bom dia", "boa tarde", "boa noite", "tudo bem", "ola", "oi", "desde ja",
            "agradeco",
        ),
        refusals=("claro que nao", "acho que nao", "com certeza nao", "agora nao"),
        bars=_set("nao n nn naum nem nunca jamais sem exceto menos ou"),
    ),
    Language.EN: Vocabulary(
        yes=_set("yes y ok okay sure yep yeah yup correct right absolutely definitely"),
        no=_set("no n nope nah not"),
        softly=_set("want like would"),
        numbers=_count(
            "one/first two three/third four/fourth five/fifth six/sixth seven/seventh eight/eighth nine/ninth ten/tenth"
            " eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
        ),
        ordinals={"second": 2},
        pointers=_set("the option number item"),
        fillers=_set(
            "the a an to with for of in is it s i d ll m me my would like want need talk speak chat choose choice pick"
            " go take option number item department team be just then now answer and yes ok will really"
        ),
        courtesies=(
            "please", "pls", "thank you very much", "thank you", "thanks", "thx", "good morning", "good afternoon",
            "good evening", "hello", "hi", "hey",
        ),
        refusals=("of course not", "absolutely not", "definitely not", "not now", "no thank you", "no thanks"),
        bars=_set("no not don doesn didn isn never neither nor without except or"),
    ),
    Language.ES: Vocabulary(
        yes=_set("si s ok okay claro yes correcto exacto cierto afirmativo"),
        no=_set("no n ninguno negativo"),
        softly=_set("quiero quisiera deseo dale vale puede eso mismo"),
        numbers=_count(
            "uno/una/primero/primera/primer dos tres/tercero/tercera/tercer cuatro cinco/quinto/quinta seis/sexto/sexta"
            " siete/septimo/septima ocho/octavo/octava nueve/noveno/novena diez/decimo/decima once doce trece catorce"
            " quince dieciseis diecisiete dieciocho diecinueve veinte"
        ),
        ordinals={"segundo": 2, "segunda": 2, "cuarto": 4, "cuarta": 4},
        pointers=_set("el la opcion numero item"),
        fillers=_set(
            "el la los las lo a al de del con en para por que y es ser seria hablar conversar ir yo me mi opcion numero"
            " item departamento area equipo sector quiero quisiera deseo elijo escojo eleccion prefiero voy puede"
            " entonces solo ahora si ok respuesta"
        ),
        courtesies=(
            "por favor", "porfavor", "porfa", "muchas gracias", "gracias", "buenos dias", "buen dia", "buenas tardes",
            "buenas noches", "buenas", "hola",
        ),
        refusals=("claro que no", "por supuesto que no", "creo que no", "ahora no"),
        bars=_set("no ni nunca jamas tampoco sin excepto menos o u"),
    ),
}  # fmt: skip
