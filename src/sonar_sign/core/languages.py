"""The 202 languages of SONAR's text models, as FLORES codes, and the one that a wrong code means.

A code is an ISO 639-3 language and an ISO 15924 script, such as `eng_Latn` (Duquenne et al. 2023,
arXiv:2308.11466; the codes are those of NLLB's tokenizer).
"""

from sonar_sign.core.bounds import one_of
from sonar_sign.core.wording import nearest

LANGUAGES = frozenset(
    """
    ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn als_Latn amh_Ethi
    apc_Arab arb_Arab ars_Arab ary_Arab arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab
    azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl bem_Latn ben_Beng bho_Deva bjn_Arab bjn_Latn
    bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn cjk_Latn ckb_Arab crh_Latn
    cym_Latn dan_Latn deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn est_Latn
    eus_Latn ewe_Latn fao_Latn fij_Latn fin_Latn fon_Latn fra_Latn fur_Latn fuv_Latn gaz_Latn
    gla_Latn gle_Latn glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva
    hrv_Latn hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan
    kab_Latn kac_Latn kam_Latn kan_Knda kas_Arab kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn
    khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kmr_Latn knc_Arab knc_Latn kon_Latn
    kor_Hang lao_Laoo lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn
    lug_Latn luo_Latn lus_Latn lvs_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Latn mkd_Cyrl
    mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr nld_Latn nno_Latn nob_Latn npi_Deva nso_Latn
    nus_Latn nya_Latn oci_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn
    pol_Latn por_Latn prs_Arab quy_Latn ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Beng
    scn_Latn shn_Mymr sin_Sinh slk_Latn slv_Latn smo_Latn sna_Latn snd_Arab som_Latn sot_Latn
    spa_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn szl_Latn tam_Taml taq_Latn
    taq_Tfng tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tpi_Latn tsn_Latn tso_Latn
    tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn
    vec_Latn vie_Latn war_Latn wol_Latn xho_Latn ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant
    zsm_Latn zul_Latn
""".split()  # noqa: SIM905
)

# Codes of two letters, as people write them, whose FLORES code does not begin with them.
_TWO_LETTERS = {
    "ar": "arb_Arab",
    "bg": "bul_Cyrl",
    "cs": "ces_Latn",
    "el": "ell_Grek",
    "es": "spa_Latn",
    "fa": "pes_Arab",
    "ga": "gle_Latn",
    "hr": "hrv_Latn",
    "ja": "jpn_Jpan",
    "nb": "nob_Latn",
    "pl": "pol_Latn",
    "pt": "por_Latn",
    "sv": "swe_Latn",
    "sr": "srp_Cyrl",
    "tr": "tur_Latn",
    "uk": "ukr_Cyrl",
    "zh": "zho_Hans",
}


def language_meant(code: str) -> str:
    """What is wrong with an unknown code, with the nearest that is known, or how codes look."""
    short = code.lower().replace("-", "_").partition("_")[0]
    meant = _TWO_LETTERS.get(short) or min(
        (known for known in LANGUAGES if len(short) > 1 and known.startswith(short)), default=None
    )
    if meant is None and len(code) > 2:
        clause = nearest(code, sorted(LANGUAGES))
        meant = clause.removeprefix("did you mean ") if clause.startswith("did you") else None
    help_ = f"did you mean {meant}" if meant else "give a FLORES code, such as eng_Latn"
    return f"SONAR knows no such language; {help_}"


FLORES = one_of(sorted(LANGUAGES), "a FLORES code that SONAR knows", language_meant)
"""The bounds of a setting that is a language."""
