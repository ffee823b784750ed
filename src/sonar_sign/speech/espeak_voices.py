"""The languages that eSpeak NG 1.52 can speak, by their codes in SONAR and in eSpeak."""

# fmt: off
VOICES = {
    "afr_Latn": "af", "als_Latn": "sq", "amh_Ethi": "am", "arb_Arab": "ar", "asm_Beng": "as",
    "azj_Latn": "az", "bak_Cyrl": "ba", "bel_Cyrl": "be", "ben_Beng": "bn", "bos_Latn": "bs",
    "bul_Cyrl": "bg", "cat_Latn": "ca", "ces_Latn": "cs", "cym_Latn": "cy", "dan_Latn": "da",
    "deu_Latn": "de", "ell_Grek": "el", "eng_Latn": "en-us", "epo_Latn": "eo", "est_Latn": "et",
    "eus_Latn": "eu", "fin_Latn": "fi", "fra_Latn": "fr", "gaz_Latn": "om", "gla_Latn": "gd",
    "gle_Latn": "ga", "grn_Latn": "gn", "guj_Gujr": "gu", "hat_Latn": "ht", "heb_Hebr": "he",
    "hin_Deva": "hi", "hrv_Latn": "hr", "hun_Latn": "hu", "hye_Armn": "hy", "ind_Latn": "id",
    "isl_Latn": "is", "ita_Latn": "it", "jpn_Jpan": "ja", "kan_Knda": "kn", "kat_Geor": "ka",
    "kaz_Cyrl": "kk", "kir_Cyrl": "ky", "kmr_Latn": "ku", "kor_Hang": "ko", "lit_Latn": "lt",
    "ltg_Latn": "ltg", "ltz_Latn": "lb", "lvs_Latn": "lv", "mal_Mlym": "ml", "mar_Deva": "mr",
    "mkd_Cyrl": "mk", "mlt_Latn": "mt", "mri_Latn": "mi", "mya_Mymr": "my", "nld_Latn": "nl",
    "nob_Latn": "nb", "npi_Deva": "ne", "ory_Orya": "or", "pan_Guru": "pa", "pap_Latn": "pap",
    "pes_Arab": "fa", "pol_Latn": "pl", "por_Latn": "pt-br", "quy_Latn": "qu", "ron_Latn": "ro",
    "rus_Cyrl": "ru", "shn_Mymr": "shn", "sin_Sinh": "si", "slk_Latn": "sk", "slv_Latn": "sl",
    "snd_Arab": "sd", "spa_Latn": "es", "srp_Cyrl": "sr", "swe_Latn": "sv", "swh_Latn": "sw",
    "tam_Taml": "ta", "tat_Cyrl": "tt", "tel_Telu": "te", "tha_Thai": "th", "tir_Ethi": "ti",
    "tsn_Latn": "tn", "tuk_Latn": "tk", "tur_Latn": "tr", "uig_Arab": "ug", "ukr_Cyrl": "uk",
    "urd_Arab": "ur", "uzn_Latn": "uz", "vie_Latn": "vi", "yue_Hant": "yue", "zho_Hans": "cmn",
    "zho_Hant": "cmn", "zsm_Latn": "ms",
}

# What a speaker of a language without a voice most likely understands: proposed, never taken.
RELATED = {
    "acm_Arab": "arb_Arab", "acq_Arab": "arb_Arab", "aeb_Arab": "arb_Arab",
    "ajp_Arab": "arb_Arab", "apc_Arab": "arb_Arab", "ars_Arab": "arb_Arab",
    "ary_Arab": "arb_Arab", "arz_Arab": "arb_Arab", "ast_Latn": "spa_Latn",
    "awa_Deva": "hin_Deva", "ayr_Latn": "quy_Latn", "azb_Arab": "azj_Latn",
    "bho_Deva": "hin_Deva", "bjn_Latn": "zsm_Latn", "ckb_Arab": "kmr_Latn",
    "crh_Latn": "tur_Latn", "fij_Latn": "mri_Latn", "fur_Latn": "ita_Latn",
    "glg_Latn": "por_Latn", "hne_Deva": "hin_Deva", "kas_Arab": "urd_Arab",
    "kas_Deva": "hin_Deva", "kea_Latn": "por_Latn", "lij_Latn": "ita_Latn",
    "lim_Latn": "nld_Latn", "lmo_Latn": "ita_Latn", "mag_Deva": "hin_Deva",
    "mai_Deva": "hin_Deva", "min_Latn": "zsm_Latn", "nno_Latn": "nob_Latn",
    "nso_Latn": "tsn_Latn", "oci_Latn": "cat_Latn", "prs_Arab": "pes_Arab",
    "san_Deva": "hin_Deva", "scn_Latn": "ita_Latn", "smo_Latn": "mri_Latn",
    "sot_Latn": "tsn_Latn", "srd_Latn": "ita_Latn", "szl_Latn": "pol_Latn",
    "tgk_Cyrl": "pes_Arab", "vec_Latn": "ita_Latn", "ydd_Hebr": "deu_Latn",
}
# fmt: on


def without_voice(language: str) -> str:
    """The sentence that refuses a language, and proposes one that has a voice."""
    related = RELATED.get(language)
    script = language.partition("_")[2]
    same_script = [code for code in VOICES if code.endswith(script)]
    if related:
        advice = f"the nearest that has one is {related}"
    elif same_script:
        advice = f"those in the same script that have one: {', '.join(same_script[:5])}"
    else:
        advice = "none in the same script has one"
    return f"There is no voice for {language}; {advice}."
