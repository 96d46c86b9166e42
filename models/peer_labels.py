"""Language codes of other identifiers as our labels, and how labels of near-identical standards are compared."""

import unicodedata

ONE = dict(
    pair.split(":")
    for pair in """aa:aar ab:abk af:afr ak:twi am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul bh:bho bi:bis bm:bam bn:ben bo:bod
    br:bre bs:bos ca:cat ce:che ch:cha co:cos cs:ces cv:chv cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas
    ff:ful fi:fin fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye ia:ina id:ind
    ie:ile ig:ibo ik:ipk io:ido is:isl it:ita iu:iku iw:heb ja:jpn jv:jav jw:jav ka:kat kg:kon ki:kik kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas
    ku:kmr kv:kpv kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal mn:mon mr:mar ms:msa mt:mlt my:mya
    na:nau nb:nob nd:nde ne:nep nl:nld nn:nno no:nob nr:nbl nv:nav ny:nya oc:oci om:orm or:ori os:oss pa:pan pl:pol ps:pus pt:por qu:que rm:roh rn:run
    ro:ron ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:sqi sr:srp ss:ssw st:sot su:sun sv:swe
    sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie
    vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:zho zu:zul""".split()
)
# Members that stand for the macrolanguage of our label, and names of one tool alone.
SHARED = dict(
    als="gsw", bxr="bua", diq="zza", eml="egl", fil="tgl", gug="grn", fuv="ful", mhr="chm", blu="hmn", bih="bho", arb="ara", nah="nhe", rmy="rom",
)
SCRIPTS = {}
for script, languages in {
    "Arab": "ara fas pus urd uig ckb snd arz ary kas bal aeb apc pnb azb mzn lrc sdh uzs bqi glk lki skr",
    "Cyrl": "rus ukr bel bul mkd kaz kir tgk mon tat bak chv sah abk ava che oss udm kpv myv mdf chm tyv xal bua lez krc kbd kum rue kjh koi mrj ady",
    "Deva": "hin mar nep san bho mai mag hne awa new gom brx doi dty", "Beng": "ben asm mni bpy", "Guru": "pan", "Gujr": "guj", "Orya": "ori",
    "Taml": "tam", "Telu": "tel", "Knda": "kan tcy", "Mlym": "mal", "Sinh": "sin", "Thai": "tha", "Laoo": "lao", "Tibt": "bod dzo",
    "Mymr": "mya shn mnw", "Geor": "kat xmf", "Ethi": "amh tir", "Khmr": "khm", "Armn": "hye hyw", "Grek": "ell grc", "Hebr": "heb yid hbo",
    "Jpan": "jpn", "Kore": "kor", "Hans": "zho wuu", "Hant": "yue lzh", "Thaa": "div", "Syrc": "syr", "Cher": "chr", "Limb": "lif", "Cans": "iku",
}.items():
    SCRIPTS.update((language, script) for language in languages.split())
# Languages of several scripts of which we have several labels: a bare code takes the script of the text.
SEVERAL = {"srp": ("Cyrl", "Latn"), "kas": ("Arab", "Deva"), "crh": ("Latn", "Cyrl"), "kaz": ("Cyrl", "Latn", "Arab"), "tgk": ("Cyrl", "Latn"),
           "tat": ("Cyrl", "Latn"), "mni": ("Beng", "Mtei"), "iku": ("Cans", "Latn"), "san": ("Deva", "Latn"), "ace": ("Latn", "Arab"),
           "sat": ("Olck", "Latn"), "msa": ("Latn", "Arab"), "bam": ("Latn", "Nkoo"), "bug": ("Latn", "Bugi"), "jav": ("Latn", "Java")}
NAMES = {"LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "DEVANAGARI": "Deva", "BENGALI": "Beng", "CANADIAN": "Cans", "MEETEI": "Mtei",
         "OL": "Olck", "NKO": "Nkoo", "BUGINESE": "Bugi", "JAVANESE": "Java"}


def script_of(text):
    counts = {}
    for c in text[:200]:
        if c.isalpha():
            name = NAMES.get(unicodedata.name(c, "").split(" ")[0])
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=counts.get) if counts else None


def labels_of(code):
    """Every label of ours that a tool's code stands for, the usual one first; () for none."""
    code = code.replace("_", "-")
    if code in ("zh-Hant", "zh-TW"):
        return ("zho_Hant",)
    if code == "zh-Hans":
        return ("zho_Hans",)
    parts = code.split("-")
    language = ONE.get(parts[0], SHARED.get(parts[0], parts[0]))
    if code == "sr-ME":
        return ("srp_Latn",)
    if len(parts) > 1 and len(parts[1]) == 4:
        return (f"{language}_{parts[1]}",)
    if len(language) != 3 or len(parts) > 1:
        return ()
    if language == "zho":
        return ("zho_Hans", "zho_Hant")
    return tuple(f"{language}_{s}" for s in SEVERAL.get(language, (SCRIPTS.get(language, "Latn"),)))


def label_of(code, text):
    found = labels_of(code)
    if len(found) > 1 and found[0][:3] != "zho":
        script = script_of(text)
        found = [label for label in found if label[4:] == script] or found
    return found[0] if found else "und"


def fold(label, flat_han):
    """How labels are compared: for tools that do not tell Hans from Hant, both are one."""
    return "zho_Hans" if flat_han and label == "zho_Hant" else label
