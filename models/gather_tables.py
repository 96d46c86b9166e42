"""The tables of gather.py."""

# Labels beside those of lid-train.
NEW_LABELS = """
    ami_Latn ang_Latn arp_Latn atj_Latn bar_Latn bis_Latn bla_Latn blk_Mymr bpy_Beng bqi_Arab btm_Latn bug_Bugi ccp_Cakm cdo_Latn
    dga_Latn egl_Latn ext_Latn frr_Latn gag_Latn gcf_Latn gcr_Latn gld_Cyrl glk_Arab gor_Latn got_Goth guc_Latn guw_Latn hak_Latn
    haw_Latn hbo_Hebr hif_Latn hlt_Latn hmn_Latn iku_Latn ipk_Latn jav_Java jbo_Latn kaz_Arab kaz_Latn kbp_Latn kea_Latn khw_Arab
    kjh_Cyrl koi_Cyrl kos_Latn krl_Latn ksw_Mymr kum_Cyrl lbe_Cyrl lez_Cyrl lif_Limb liv_Latn ljp_Latn lki_Arab lld_Latn loz_Latn
    lua_Latn mdf_Cyrl mrj_Cyrl mwl_Latn nan_Latn nau_Latn nia_Latn nup_Latn nyn_Latn ojb_Latn olo_Latn pcd_Latn pfl_Latn pnt_Grek
    prg_Latn rki_Mymr sdc_Latn sdh_Arab sei_Latn sgs_Latn sli_Latn smn_Latn smo_Latn sms_Latn srn_Latn stq_Latn tat_Latn tay_Latn
    tgk_Latn tig_Ethi tlh_Latn tok_Latn trv_Latn vep_Latn vls_Latn vmw_Latn vol_Latn vro_Latn wls_Latn xal_Cyrl yrl_Latn
    zea_Latn zha_Latn
""".split()

# The label that a code of MediaWiki, of a translated manual or of a CLD2 snippet stands for; other codes are not used.
CODES = dict(
    pair.split("=")
    for pair in """
    aa=aar_Latn ab=abk_Cyrl abs=abs_Latn ace=ace_Latn ady-cyrl=ady_Cyrl aeb-arab=aeb_Arab af=afr_Latn ak=twi_Latn alt=alt_Cyrl
    am=amh_Ethi ami=ami_Latn an=arg_Latn ang=ang_Latn apc=apc_Arab ar=ara_Arab arn=arn_Latn arq=arq_Arab ary=ary_Arab arz=arz_Arab
    as=asm_Beng ast=ast_Latn atj=atj_Latn av=ava_Cyrl awa=awa_Deva ay=aym_Latn az=aze_Latn azb=azb_Arab ba=bak_Cyrl ban=ban_Latn
    bar=bar_Latn bas=bas_Latn bbc-latn=bbc_Latn bci=bci_Latn bcl=bcl_Latn be=bel_Cyrl be-tarask=bel_Cyrl bew=bew_Latn bg=bul_Cyrl
    bh=bho_Deva bho=bho_Deva bi=bis_Latn bjn=bjn_Latn blk=blk_Mymr bm=bam_Latn bn=ben_Beng bo=bod_Tibt bpy=bpy_Beng bqi=bqi_Arab
    br=bre_Latn brx=brx_Deva bs=bos_Latn btm=btm_Latn bug=bug_Latn bug-bugi=bug_Bugi bxr=bua_Cyrl ca=cat_Latn cak=cak_Latn
    cbk-zam=cbk_Latn ccp=ccp_Cakm cdo=cdo_Latn cdo-latn=cdo_Latn ce=che_Cyrl ceb=ceb_Latn ch=cha_Latn chr=chr_Cher ckb=ckb_Arab
    co=cos_Latn cop=cop_Copt crh-cyrl=crh_Cyrl crh-latn=crh_Latn cs=ces_Latn csb=csb_Latn cv=chv_Cyrl cy=cym_Latn da=dan_Latn
    dag=dag_Latn de=deu_Latn dga=dga_Latn din=dik_Latn diq=zza_Latn dsb=dsb_Latn dtp=dtp_Latn dv=div_Thaa dz=dzo_Tibt ee=ewe_Latn
    efi=efi_Latn egl=egl_Latn el=ell_Grek eml=egl_Latn en=eng_Latn en-ca=eng_Latn en-gb=eng_Latn eo=epo_Latn es=spa_Latn
    et=est_Latn eu=eus_Latn ext=ext_Latn fa=fas_Arab ff=ful_Latn fi=fin_Latn fj=fij_Latn fo=fao_Latn fon=fon_Latn fr=fra_Latn
    frc=fra_Latn frp=frp_Latn frr=frr_Latn fur=fur_Latn fy=fry_Latn ga=gle_Latn gaa=gaa_Latn gag=gag_Latn gcf=gcf_Latn
    gcr=gcr_Latn gd=gla_Latn gl=glg_Latn gld=gld_Cyrl glk=glk_Arab gn=grn_Latn gom-deva=gom_Deva gor=gor_Latn got=got_Goth
    grc=grc_Grek gsw=gsw_Latn gu=guj_Gujr guc=guc_Latn gur=gur_Latn guw=guw_Latn gv=glv_Latn ha=hau_Latn hak=hak_Latn
    hak-latn=hak_Latn haw=haw_Latn he=heb_Hebr hi=hin_Deva hif-latn=hif_Latn hil=hil_Latn hmn=hmn_Latn hne=hne_Deva hr=hrv_Latn
    hrx=hrx_Latn hsb=hsb_Latn ht=hat_Latn hu=hun_Latn hy=hye_Armn hyw=hyw_Armn ia=ina_Latn iba=iba_Latn id=ind_Latn ie=ile_Latn
    ig=ibo_Latn ik=ipk_Latn ike-cans=iku_Cans ike-latn=iku_Latn ilo=ilo_Latn inh=inh_Cyrl io=ido_Latn is=isl_Latn it=ita_Latn
    iu=iku_Cans iw=heb_Hebr ja=jpn_Jpan jac=jac_Latn jam=jam_Latn jbo=jbo_Latn jv=jav_Latn jv-java=jav_Java ka=kat_Geor
    kaa=kaa_Latn kab=kab_Latn kac=kac_Latn kbd-cyrl=kbd_Cyrl kbp=kbp_Latn kcg=kcg_Latn kea=kea_Latn kg=kon_Latn kha=kha_Latn
    khw=khw_Arab ki=kik_Latn kjh=kjh_Cyrl kk=kaz_Cyrl kk-arab=kaz_Arab kk-cyrl=kaz_Cyrl kk-latn=kaz_Latn kl=kal_Latn km=khm_Khmr
    kn=kan_Knda knc=kau_Latn ko=kor_Kore ko-kp=kor_Kore koi=koi_Cyrl kr=kau_Latn krc=krc_Cyrl kri=kri_Latn krl=krl_Latn
    ks=kas_Arab ks-arab=kas_Arab ks-deva=kas_Deva ksh=ksh_Latn ksw=ksw_Mymr ku=kmr_Latn ku-latn=kmr_Latn kum=kum_Cyrl kus=kus_Latn
    kv=kpv_Cyrl kw=cor_Latn ky=kir_Cyrl la=lat_Latn lb=ltz_Latn lbe=lbe_Cyrl lez=lez_Cyrl lfn=lfn_Latn lg=lug_Latn li=lim_Latn
    lif=lif_Latn lij=lij_Latn liv=liv_Latn ljp=ljp_Latn lki=lki_Arab lld=lld_Latn lmo=lmo_Latn ln=lin_Latn lo=lao_Laoo
    loz=loz_Latn lrc=lrc_Arab lt=lit_Latn ltg=ltg_Latn lua=lua_Latn lus=lus_Latn lv=lav_Latn lzh=lzh_Hant mad=mad_Latn
    mag=mag_Deva mai=mai_Deva mak=mak_Latn mdf=mdf_Cyrl mfe=mfe_Latn mg=mlg_Latn mhr=chm_Cyrl mi=mri_Latn min=min_Latn mk=mkd_Cyrl
    ml=mal_Mlym mn=mon_Cyrl mni=mni_Mtei mnw=mnw_Mymr mo=ron_Latn mos=mos_Latn mr=mar_Deva mrj=mrj_Cyrl ms=msa_Latn
    ms-arab=msa_Arab mt=mlt_Latn mui=mui_Latn mwl=mwl_Latn my=mya_Mymr myv=myv_Cyrl mzn=mzn_Arab na=nau_Latn nan=nan_Latn
    nan-latn-pehoeji=nan_Latn nan-latn-tailo=nan_Latn nap=nap_Latn nb=nob_Latn nd=nde_Latn nds=nds_Latn ne=nep_Deva new=new_Deva
    nia=nia_Latn nl=nld_Latn nn=nno_Latn no=nob_Latn nqo=nqo_Nkoo nr=nbl_Latn nso=nso_Latn nup=nup_Latn nv=nav_Latn ny=nya_Latn
    nyn=nyn_Latn oc=oci_Latn ojb=ojb_Latn olo=olo_Latn om=orm_Latn or=ori_Orya os=oss_Cyrl pa=pan_Guru pag=pag_Latn pam=pam_Latn
    pap=pap_Latn pcd=pcd_Latn pcm=pcm_Latn pfl=pfl_Latn pl=pol_Latn pms=pms_Latn pnb=pnb_Arab pnt=pnt_Grek prg=prg_Latn
    prs=prs_Arab ps=pus_Arab pt=por_Latn pt-br=por_Latn qu=que_Latn rej=rej_Latn rki=rki_Mymr rm=roh_Latn rn=run_Latn ro=ron_Latn
    ru=rus_Cyrl rue=rue_Cyrl rw=kin_Latn sa=san_Deva sah=sah_Cyrl sat=sat_Olck sc=srd_Latn scn=scn_Latn sco=sco_Latn sd=snd_Arab
    sdc=sdc_Latn sdh=sdh_Arab se=sme_Latn sei=sei_Latn sg=sag_Latn sgs=sgs_Latn shi=shi_Latn shn=shn_Mymr si=sin_Sinh sk=slk_Latn
    skr-arab=skr_Arab sl=slv_Latn sli=sli_Latn sm=smo_Latn smn=smn_Latn sms=sms_Latn sn=sna_Latn so=som_Latn sq=sqi_Latn
    sr=srp_Cyrl sr-ec=srp_Cyrl sr-el=srp_Latn sr_ME=srp_Cyrl srn=srn_Latn ss=ssw_Latn st=sot_Latn stq=stq_Latn su=sun_Latn
    sv=swe_Latn sw=swa_Latn syr=syr_Syrc szl=szl_Latn szy=szy_Latn ta=tam_Taml tay=tay_Latn tcy=tcy_Knda te=tel_Telu tet=tet_Latn
    tg=tgk_Cyrl tg-cyrl=tgk_Cyrl tg-latn=tgk_Latn th=tha_Thai ti=tir_Ethi tig=tig_Ethi tk=tuk_Latn tl=tgl_Latn tlh=tlh_Latn
    tly=tly_Latn tn=tsn_Latn to=ton_Latn tok=tok_Latn tpi=tpi_Latn tr=tur_Latn trv=trv_Latn ts=tso_Latn tt=tat_Cyrl
    tt-cyrl=tat_Cyrl tt-latn=tat_Latn ttj=ttj_Latn tum=tum_Latn tw=twi_Latn ty=tah_Latn tyv=tyv_Cyrl udm=udm_Cyrl ug=uig_Arab
    ug-arab=uig_Arab uk=ukr_Cyrl ur=urd_Arab uz=uzb_Latn ve=ven_Latn vec=vec_Latn vep=vep_Latn vi=vie_Latn vls=vls_Latn
    vmw=vmw_Latn vo=vol_Latn vot=vot_Latn vro=vro_Latn wa=wln_Latn wal=wal_Latn war=war_Latn wls=wls_Latn wo=wol_Latn
    wuu-hans=wuu_Hans xal=xal_Cyrl xh=xho_Latn xmf=xmf_Geor yi=yid_Hebr yo=yor_Latn yrl=yrl_Latn yua=yua_Latn yue=yue_Hant
    yue-hant=yue_Hant za=zha_Latn zea=zea_Latn zgh=zgh_Tfng zh=zho_Hans zh-hans=zho_Hans zh-hant=zho_Hant zh-hk=zho_Hant
    zh-tw=zho_Hant zu=zul_Latn
    """.split()
)

# First word of a character's Unicode name -> script.
SCRIPTS = dict(
    pair.split("=")
    for pair in """
    ARABIC=Arab ARMENIAN=Armn BALINESE=Bali BENGALI=Beng BUGINESE=Bugi CANADIAN=Cans CHAKMA=Cakm CHEROKEE=Cher CJK=Hani
    COPTIC=Copt CYRILLIC=Cyrl DEVANAGARI=Deva ETHIOPIC=Ethi GEORGIAN=Geor GOTHIC=Goth GREEK=Grek GUJARATI=Gujr GURMUKHI=Guru
    HANGUL=Kore HEBREW=Hebr HIRAGANA=Jpan JAVANESE=Java KANNADA=Knda KATAKANA=Jpan KHMER=Khmr LAO=Laoo LATIN=Latn LIMBU=Limb
    MALAYALAM=Mlym MEETEI=Mtei MONGOLIAN=Mong MYANMAR=Mymr NKO=Nkoo OL=Olck ORIYA=Orya SINHALA=Sinh SYRIAC=Syrc TAMIL=Taml
    TELUGU=Telu THAANA=Thaa THAI=Thai TIBETAN=Tibt TIFINAGH=Tfng VAI=Vaii YI=Yiii
    """.split()
)

# Free translations of eBible, and their labels.
BIBLES = [
    ("cha-cha", "cha_Latn"), ("pon-pon", "pon_Latn"), ("bre-breBRG", "bre_Latn"), ("kos-kos", "kos_Latn"), ("hlt-hlt",
    "hlt_Latn"), ("bla-bla", "bla_Latn"), ("arp-arp", "arp_Latn"), ("lat-latVUC", "lat_Latn"), ("epo-epo", "epo_Latn"),
    ("srp-srp1865", "srp_Cyrl"), ("ukr-ukr1871", "ukr_Cyrl"), ("hrv-hrv", "hrv_Latn"), ("cop-copcnt", "cop_Copt"), ("swh-swh1850",
    "swa_Latn"), ("heb-heb", "heb_Hebr"),
]

# Public-domain SWORD modules.
SWORD = [
    ("got/Wulfila", "got_Goth"), ("tlh/KLV", "tlh_Latn"), ("hbo/MapM", "hbo_Hebr"), ("vls/vlsJoNT", "vls_Latn"),
]

# Repositories of the corpus whose text lid-train also has, and the names used here.
CORPUS_SOURCES = {
    "christos-c/bible-corpus": "bible-corpus", "mozilla-l10n/www-l10n": "www-l10n", "GNOME/gnome-user-docs": "gnome-user-docs",
    "global-asp/pb-source": "pb-source", "global-asp/asp-source": "asp-source", "google-deepmind/xquad": "xquad",
    "masakhane-io/masakhane-news": "masakhane-news",
}
