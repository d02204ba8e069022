"""Tables of words in the file names of comics, and their meanings."""

EXTENSIONS = frozenset(
    {"cbz", "cbr", "cb7", "cbt", "cba", "zip", "rar", "7z", "tar", "pdf", "epub"}
)

LANGUAGES = {
    "en": ("en", "eng", "english", "gb"),
    "fr": ("fr", "fra", "fre", "french", "français", "francais", "vf"),
    "de": ("de", "ger", "deu", "german", "deutsch"),
    "es": ("es", "esp", "spa", "spanish", "español", "espanol", "castellano"),
    "it": ("it", "ita", "italian", "italiano"),
    "pt": ("pt", "por", "portuguese", "português", "portugues"),
    "pt-BR": ("pt-br", "ptbr", "br", "brazilian"),
    "nl": ("nl", "dut", "nld", "dutch", "nederlands"),
    "pl": ("pl", "pol", "polish", "polski"),
    "ru": ("ru", "rus", "russian", "русский"),
    "ja": ("ja", "jp", "jpn", "japanese", "日本語"),
    "zh": ("zh", "cn", "chn", "chi", "chinese", "中文", "中国翻訳", "汉化", "漢化"),
    "ko": ("ko", "kr", "kor", "korean", "한국어"),
    "vi": ("vi", "vie", "vietnamese"),
    "id": ("id", "ind", "indonesian"),
    "th": ("th", "tha", "thai"),
    "tr": ("tr", "tur", "turkish", "türkçe"),
    "sv": ("sv", "swe", "swedish"),
    "da": ("da", "dan", "danish"),
    "cs": ("cs", "cze", "ces", "czech"),
}

LANGUAGE_OF = {word: tag for tag, words in LANGUAGES.items() for word in words}
"""Tags of languages by the words and codes that stand for them."""

FORMATS = frozenset(
    {
        "annual",
        "tpb",
        "trade paperback",
        "gn",
        "graphic novel",
        "hc",
        "hardcover",
        "sc",
        "one-shot",
        "one shot",
        "oneshot",
        "omnibus",
        "deluxe edition",
        "absolute edition",
        "fcbd",
        "ashcan",
        "preview",
    }
)

PUBLISHERS = frozenset(
    {
        "aftershock",
        "ahoy",
        "altraverse",
        "archie",
        "astorina",
        "atlas",
        "avatar",
        "awa",
        "bamboo",
        "bonelli",
        "bongo",
        "boom!",
        "boom! studios",
        "bruguera",
        "carlsen",
        "casterman",
        "charlton",
        "dargaud",
        "dark horse",
        "dark horse comics",
        "dc",
        "dc comics",
        "delcourt",
        "dell",
        "drawn & quarterly",
        "dupuis",
        "dynamite",
        "ec",
        "ecc",
        "eclipse",
        "ediciones b",
        "egmont",
        "egmont ehapa",
        "ehapa",
        "fantagraphics",
        "fawcett",
        "first second",
        "glénat",
        "gold key",
        "grijalbo",
        "harvey",
        "humanoids",
        "idw",
        "image",
        "image comics",
        "j-pop",
        "kana",
        "kazé",
        "ki-oon",
        "kodansha",
        "kodansha comics",
        "le lombard",
        "lion forge",
        "lombard",
        "mad cave",
        "malibu",
        "marvel",
        "marvel comics",
        "mondadori",
        "norma",
        "norma editorial",
        "oni press",
        "panini",
        "panini comics",
        "papercutz",
        "pika",
        "planet manga",
        "planeta",
        "planeta deagostini",
        "rebellion",
        "reprodukt",
        "salvat",
        "sbe",
        "sergio bonelli editore",
        "seven seas",
        "soleil",
        "splitter",
        "square enix",
        "standaard",
        "standaard uitgeverij",
        "star comics",
        "titan",
        "titan comics",
        "tokyopop",
        "top cow",
        "top shelf",
        "udon",
        "valiant",
        "vertical",
        "vertigo",
        "viz",
        "viz media",
        "warren",
        "wildstorm",
        "yen press",
        "zenescope",
    }
)

QUALITY = (
    r"(?:fan-?)?(?:digital|webrip|web-?rip|web|c2c|hd|sd|hq|lq|hybrid|scan(?:s|lation)?|paper|\d{3,4}px)"
    r"(?:[ -](?:hd|sd|rip|hq|scan|colored|mobile|compilation|\d{3,4}(?:px)?))*"
)
"""A pattern for the origin and quality of the pages."""

NOISE = (
    r"c\d{2,3}|colou?r(?:ed)?|b&w|black and white|dl版"
    r"|\d{1,3}|[0-9a-f]{8}|no ?ads|f\d?|fixed|repack|re-?scan|raws?|uncensored|decensored"
    r"|complete|incomplete|ongoing|end|fin|完|mag|mix|manga|manhwa|manhua|comics?|bd|cb[rz7]"
    r"|(?:true|retail) ?pdf|pdf|(?!absolute|deluxe)[\w']+ edition"
    r"|(?:\d+|both|all|variant|alternate) covers?|covers? [a-z]|variant|official"
)
"""A pattern for words that say nothing about the comic: exhibitions, copies, checksums, covers …"""

EXTRAS = r"(?:extras?|omake|bonus|prologue|epilogue|side story)(?: (?:chapter|story|\d{1,2}))?"
"""A pattern for what comes beside the regular chapters, and is no name of a group."""

VOLUME_WORDS = (
    *("volumes?", "vols?", "volumen", "book", "tomes?", "tomos?", "band", "bd", "bände", "deel"),
    *(r"t(?=\.\s*\d)", "[巻卷]", "ksi[ęe]ga", "kniha", "könyv"),
    *("том", r"т(?=\.)", "tom", "cilt", "tập", "เล่ม(?:ที่)?", "svazek", "kötet", "livre"),
)
"""Patterns for words before the number of a volume."""

YEAR_WORDS = ("anno", "ann[ée]e", "año", "ano", "rok", "ročník", "jahrgang", "jg", "årgång", "год")
"""Patterns for words before the year of a magazine, which counts as its volume."""

CHAPTER_WORDS = (
    *("ch(?:a?p)?s?", "chapters?", "chapitres?", "cap[ií]tulos?", "cap", "capitolo", "kapitel"),
    *("ep", "episodes?", "épisodes?", "episodios?", "folge", "глава", "главы", "гл", "серия"),
    *("chương", "bölüm", "bab", "ตอน(?:ที่)?", "الفصل", "rozdzia[lł]", "hoofdstuk"),
)
"""Patterns for words before the number of a chapter."""

ISSUE_WORDS = (
    *(
        r"no(?=\.|\s?\d)",
        "nr",
        "num",
        "n[uú]m",
        "n[uú]mero",
        "numero",
        "nummer",
        "issue",
        "prog",
        "heft",
        r"č(?=\.)",
        "číslo",
        "week",
    ),
    *("выпуск", "zeszyt", "say\u0131", "edição", "fascicolo", "albo", "aflevering"),
)
"""Patterns for words before the number of an issue."""

SERIES_KINDS = ("annual", "special")
"""Kinds of issues that are numbered by themselves, as a series of their own."""

MONTHS = (
    "january|januar[iy]?|janvier|enero|ene|gennaio|gen|janeiro|styczeń|leden|январь|января|jan",
    "february|februar[iy]?|février|fevrier|fév|febrero|febbraio|fevereiro|fev|luty|únor|февраль"
    "|февраля|feb",
    "march|märz|mars|marzo|março|maart|mrt|marts|marzec|březen|март|марта|mar",
    "april|avril|abril|aprile|kwiecień|duben|апрель|апреля|avr|abr|apr",
    "may|mai|mayo|maggio|maio|mei|maj|květen|май|мая|mag",
    "june|juni|juin|junio|giugno|junho|czerwiec|červen|июнь|июня|giu|jun",
    "july|juli|juillet|juil|julio|luglio|julho|lipiec|červenec|июль|июля|lug|jul",
    "august|augustus|augusti|août|aout|agosto|sierpień|srpen|август|августа|ago|aug",
    "september|septembre|septiembre|settembre|setembro|wrzesień|září|сентябрь|сентября|sept|set"
    "|sep",
    "october|oktober|octobre|octubre|ottobre|outubro|październik|říjen|октябрь|октября|oct|okt|ott"
    "|out",
    "november|novembre|noviembre|novembro|listopad|ноябрь|ноября|nov",
    "december|dezember|décembre|decembre|diciembre|dicembre|dezembro|grudzień|prosinec|декабрь"
    "|декабря|dec|dez|dic|déc",
)
"""Patterns for the names of months and what is usual for short, January first."""
