// The tables of `LanguageLabels`. Sources: ISO 639-1, 639-2, 639-3 and ISO 15924 code lists.
extension LanguageLabels {
  /// ISO 639-1 code and, joined, the ISO 639-3 code of the label. Retired codes (`iw`, `in`, `jw`,
  /// `mo`, `sh`) are kept; `no` is Bokmal, `ku` Kurmanji, `zh` Chinese as written.
  static let twoLetterCodes: StaticString = """
    aaaar ababk afafr aktwi amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bhbho \
    bibis bmbam bnben bobod brbre bsbos cacat ceche chcha cocos csces cuchu cvchv cycym dadan \
    dedeu dvdiv dzdzo eeewe elell eneng eoepo esspa etest eueus fafas ffful fifin fjfij fofao \
    frfra fyfry gagle gdgla glglg gngrn guguj gvglv hahau heheb hihin hohmo hrhrv hthat huhun \
    hyhye hzher iaina idind ieile igibo iiiii ikipk inind ioido isisl itita iuiku iwheb jajpn \
    jvjav jwjav kakat kgkon kikik kjkua kkkaz klkal kmkhm knkan kokor krkau kskas kukmr kvkpv \
    kwcor kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah mimri mkmkd \
    mlmal mnmon moron mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld nnnno nonob \
    nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor quque rmroh \
    rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag shhbs sisin skslk slslv smsmo snsna \
    sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam tetel tgtgk ththa titir tktuk tltgl \
    tntsn toton trtur tstso tttat twtwi tytah uguig ukukr ururd uzuzb veven vivie vovol wawln \
    wowol xhxho yiyid yoyor zazha zhzho zuzul
    """

  /// A three-letter code and, joined, the one whose label it shares: the bibliographic codes of
  /// ISO 639-2, members that stand for their macrolanguage, and near-identical written standards.
  static let sharedCodes: StaticString = """
    akatwi albsqi alssqi arbara armhye ayraym azjaze baqeus bihbho burmya chizho cmnzho czeces \
    dutnld ekkest filtgl frefra fucful fuvful gazorm geokat gerdeu greell guggrn iceisl khkmon \
    knckau kurkmr kzjdtp lvslav macmkd maomri maymsa mhrchm molron nornob npinep oryori pbtpus \
    perfas pesfas pltmlg pstpus rumron sccsrp scrhrv sloslk swcswa swhswa tibbod uznuzb welcym \
    yddyid zsmmsa
    """

  /// The scripts of the languages not written in Latin alone, the usual one first.
  static let languageScripts: StaticString = """
    abk:Cyrl ace:Latn,Arab ady:Cyrl aeb:Arab aii:Syrc alt:Cyrl amh:Ethi,Latn apc:Arab apd:Arab \
    ara:Arab,Latn arq:Arab ary:Arab,Latn arz:Arab,Latn asm:Beng ava:Cyrl awa:Deva ayl:Arab \
    azb:Arab aze:Latn,Cyrl,Arab bak:Cyrl bal:Arab bam:Latn,Nkoo ban:Latn,Bali bel:Cyrl \
    ben:Beng,Latn ber:Latn,Tfng,Arab bho:Deva bjn:Latn,Arab bod:Tibt bos:Latn,Cyrl bpy:Beng \
    brx:Deva bua:Cyrl bug:Latn,Bugi bul:Cyrl,Latn cdo:Hant,Hans,Latn che:Cyrl chm:Cyrl chr:Cher \
    chu:Cyrl chv:Cyrl ckb:Arab cop:Copt cre:Cans,Latn crh:Latn,Cyrl ctg:Beng,Cakm dar:Cyrl \
    div:Thaa doi:Deva dty:Deva dzo:Tibt ell:Grek,Latn fas:Arab,Latn ful:Latn,Adlm,Arab \
    gan:Hans,Hant glk:Arab gom:Deva,Latn got:Goth grc:Grek guj:Gujr hak:Hant,Latn hau:Latn,Arab \
    hbo:Hebr hbs:Latn,Cyrl heb:Hebr hin:Deva,Latn hne:Deva hye:Armn hyw:Armn iii:Yiii \
    iku:Cans,Latn inh:Cyrl jav:Latn,Java jpn:Jpan,Latn kaa:Latn,Cyrl kab:Latn,Tfng kan:Knda \
    kas:Arab,Deva kat:Geor kau:Latn,Arab kaz:Cyrl,Latn,Arab kbd:Cyrl khm:Khmr kir:Cyrl,Arab,Latn \
    kjh:Cyrl kmr:Latn,Arab,Cyrl koi:Cyrl kok:Deva,Latn kom:Cyrl kor:Kore kpv:Cyrl krc:Cyrl \
    kru:Deva ksw:Mymr kum:Cyrl lad:Latn,Hebr lao:Laoo lez:Cyrl lif:Limb lrc:Arab lzh:Hant,Hans \
    mag:Deva mai:Deva mal:Mlym mar:Deva,Latn mdf:Cyrl mey:Arab min:Latn,Arab mkd:Cyrl,Latn \
    mni:Beng,Mtei mnw:Mymr mon:Cyrl,Mong msa:Latn,Arab mwr:Deva mya:Mymr myv:Cyrl mzn:Arab \
    nan:Latn,Hant nep:Deva,Latn new:Deva nog:Cyrl nqo:Nkoo oji:Cans,Latn ori:Orya orv:Cyrl \
    oss:Cyrl ota:Arab pan:Guru,Arab pli:Deva,Latn,Sinh,Thai pnb:Arab prs:Arab pus:Arab \
    rom:Latn,Cyrl ron:Latn,Cyrl rue:Cyrl rus:Cyrl,Latn sah:Cyrl san:Deva,Latn \
    sat:Olck,Latn,Beng,Deva sck:Deva sdh:Arab shi:Latn,Tfng,Arab shn:Mymr sin:Sinh skr:Arab \
    snd:Arab,Deva som:Latn,Arab srp:Cyrl,Latn sun:Latn,Sund swa:Latn,Arab syc:Syrc syl:Beng,Sylo \
    syr:Syrc tam:Taml,Latn taq:Latn,Tfng tat:Cyrl,Latn tcy:Knda tel:Telu,Latn tgk:Cyrl,Arab,Latn \
    tha:Thai tir:Ethi tmh:Latn,Tfng tuk:Latn,Cyrl,Arab tyv:Cyrl udm:Cyrl uig:Arab,Cyrl,Latn \
    ukr:Cyrl,Latn urd:Arab,Latn uzb:Latn,Cyrl,Arab vie:Latn,Hani wol:Latn,Arab wuu:Hans,Hant \
    xal:Cyrl xmf:Geor yid:Hebr yrk:Cyrl yue:Hant,Hans zgh:Tfng,Latn zho:Hans,Hant
    """
}
