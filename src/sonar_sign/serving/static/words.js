// The words of the page, in English and Italian.

const WORDS = {
  en: {
    skip: "Skip to the translation", title: "Sign language to text",
    subtitle: "American Sign Language, translated on this machine",
    interface: "Language of this page", page_title: "sonar-sign: sign language to text",
    ready: "Ready", loading: "Models are being loaded", gone: "The server does not answer",
    input: "Video", sources: "Where the video comes from", use_camera: "Camera", use_file: "File",
    use_examples: "Examples", choose_file: "Choose a video", drop_hint: "or drop it here",
    limits: "Up to {mb} MB, {seconds} seconds, {pixels} megapixels",
    viewfinder: "Picture of the camera", record: "Record", stop: "Stop",
    countdown: "Recording starts in {n}", recording: "Recording", recorded: "Recorded {s} seconds",
    camera_ready: "The camera is on. Recording starts three seconds after Record.",
    camera_waiting: "The browser asks whether the camera may be used.",
    camera_refused: "The camera may not be used; allow it in the browser's settings, or choose a file.",
    camera_missing: "No camera was found; choose a file.",
    camera_insecure: "Browsers give the camera to pages on this machine or over HTTPS only; choose a file.",
    examples_hint: "Drawn signers that no training has seen.", example: "Example {n}",
    no_examples: "There are no examples for these systems.",
    preview: "The chosen video", trim: "Part that is translated", from: "From", to: "To",
    seconds: "{s} s", retake: "Record again", play_part: "Play this part", discard: "Another video",
    camera_name: "Recorded with the camera",
    languages: "Languages", language_search: "Add a language", language_list: "Languages",
    language_placeholder: "Name or code, such as Italiano or it",
    language_found: "{n} languages", language_none: "No such language",
    language_added: "{name} added", language_removed: "{name} removed", remove: "Remove {name}",
    language_most: "At most {n} languages",
    systems: "Systems", speech: "Speech", speak: "Speak the translation", style: "Style",
    intensity: "Strength", dub: "Make a video with it",
    auto: "Guessed", neutral: "Neutral", happy: "Happy", sad: "Sad", angry: "Angry", fearful: "Fearful",
    guessed: "guessed", given: "chosen",
    translate: "Translate", cancel: "Cancel", result: "Translation", progress: "Progress",
    empty: "The translation appears here.", caption: "What was signed: {text}",
    nothing: "Nothing is signed here.", more: "Other candidates", score: "Score", text: "Text",
    low: "Low confidence. Of {n} validation clips, {share} were less certain.",
    low_part: "low confidence",
    with_video: "With the video", subtitles: "Subtitles", player: "The video with subtitles",
    timeline: "Parts of the video", part: "Part from {a} to {b}", go_to: "Go to {a}",
    downloads: "Download", plain: "Text", wav: "Speech, {language} (WAV)", dubbed: "Dubbed video, {language}",
    seen: "What the model saw", crop: "The crop that the model saw",
    crop_hint: "The crop, as the model saw it", face_key: "Face", crop_key: "Crop",
    no_face: "No face was found: the middle of the frame was used.",
    about: "About the system", trained_on: "Trained on", test: "Test BLEU-4", unknown: "not known",
    clips: "{name} ({n} clips)", test_value: "{value} (95 % interval {low} to {high}; {n} clips of {corpus})",
    test_plain: "{value} ({n} clips of {corpus})", confidence: "Confidence",
    calibrated: "compared with validation clips", not_calibrated: "not known: no validation clips are here",
    drawn: "Trained on drawn signers: {name}. With videos of real people, what follows means nothing.",
    not_for: "Not for medical, legal or emergency use.",
    private: "Videos stay on this machine: they are deleted when the answer is there, and nothing is kept.",
    kept: "This server keeps videos and answers, because whoever started it said so.",
    api: "Use it from programs",
    stage_upload: "Sending the video", stage_queued: "Waiting: place {place} in the queue",
    stage_reading: "Reading the video", stage_face: "Looking for the face",
    stage_pauses: "Looking for pauses of the hands", stage_decode_and_crop: "Cropping the signer",
    stage_landmarks: "Finding the body's points", stage_sign_hiera: "Computing features",
    stage_sign_encoder: "Understanding the signs", stage_decoding: "Writing the text",
    stage_pictures: "Preparing the pictures", stage_speech: "Speaking",
    stage_part: "{stage}, part {part} of {n}",
    done: "Translation ready. {text}", cancelled: "Cancelled.",
    error_too_large: "The file is too large.", error_too_long: "The video is too long.",
    error_too_short: "The video is too short.", error_too_many_pixels: "The picture is too large.",
    error_too_many_frames: "The video has too many frames.", error_unreadable: "The file cannot be read as a video.",
    error_no_frames: "The video has no frames.", error_too_large_to_decode: "The video takes too much memory.",
    error_queue_full: "Many videos are waiting. Try again in a moment.",
    error_loading: "The models are still being loaded. Try again in a moment.",
    error_access: "Access was refused. Open the address that the server printed.",
    error_worker_ended: "The translation stopped unexpectedly.", error_time: "The video took too long.",
    error_memory: "The video needs too much memory.", error_network: "The server does not answer.",
    error_other: "This did not work.",
    note_no_voice: "No voice speaks {language}.", note_speech_failed: "The text was not spoken.",
    note_not_dubbed: "The video could not be dubbed.",
    note_stretched: "The speech does not fit the times of the signs.",
  },
  it: {
    skip: "Vai alla traduzione", title: "Dai segni al testo",
    subtitle: "Lingua dei segni americana (ASL), tradotta su questo computer",
    interface: "Lingua di questa pagina", page_title: "sonar-sign: dai segni al testo",
    ready: "Pronto", loading: "Caricamento dei modelli", gone: "Il server non risponde",
    input: "Video", sources: "Da dove viene il video", use_camera: "Videocamera", use_file: "File",
    use_examples: "Esempi", choose_file: "Scegli un video", drop_hint: "o trascinalo qui",
    limits: "Fino a {mb} MB, {seconds} secondi, {pixels} megapixel",
    viewfinder: "Immagine della videocamera", record: "Registra", stop: "Ferma",
    countdown: "La registrazione inizia fra {n}", recording: "Registrazione in corso", recorded: "Registrati {s} secondi",
    camera_ready: "La videocamera è accesa. La registrazione inizia tre secondi dopo Registra.",
    camera_waiting: "Il browser chiede se la videocamera può essere usata.",
    camera_refused: "La videocamera non può essere usata; consentila nelle impostazioni del browser o scegli un file.",
    camera_missing: "Nessuna videocamera trovata; scegli un file.",
    camera_insecure: "I browser danno la videocamera solo a pagine di questo computer o con HTTPS; scegli un file.",
    examples_hint: "Segnanti disegnati, mai visti nell'addestramento.", example: "Esempio {n}",
    no_examples: "Per questi sistemi non ci sono esempi.",
    preview: "Il video scelto", trim: "Parte da tradurre", from: "Da", to: "A",
    seconds: "{s} s", retake: "Registra di nuovo", play_part: "Riproduci questa parte", discard: "Un altro video",
    camera_name: "Registrato con la videocamera",
    languages: "Lingue", language_search: "Aggiungi una lingua", language_list: "Lingue",
    language_placeholder: "Nome o codice, per esempio English o en",
    language_found: "{n} lingue", language_none: "Nessuna lingua trovata",
    language_added: "{name} aggiunta", language_removed: "{name} tolta", remove: "Togli {name}",
    language_most: "Al massimo {n} lingue",
    systems: "Sistemi", speech: "Voce", speak: "Leggi la traduzione ad alta voce", style: "Stile",
    intensity: "Intensità", dub: "Fanne un video",
    auto: "Indovinato", neutral: "Neutro", happy: "Felice", sad: "Triste", angry: "Arrabbiato", fearful: "Impaurito",
    guessed: "indovinato", given: "scelto",
    translate: "Traduci", cancel: "Annulla", result: "Traduzione", progress: "Avanzamento",
    empty: "La traduzione appare qui.", caption: "Che cosa è stato segnato: {text}",
    nothing: "Qui non si segna nulla.", more: "Altre possibilità", score: "Punteggio", text: "Testo",
    low: "Poca sicurezza. Di {n} video di validazione, {share} erano meno sicuri.",
    low_part: "poca sicurezza",
    with_video: "Con il video", subtitles: "Sottotitoli", player: "Il video con i sottotitoli",
    timeline: "Parti del video", part: "Parte da {a} a {b}", go_to: "Vai a {a}",
    downloads: "Scarica", plain: "Testo", wav: "Voce, {language} (WAV)", dubbed: "Video doppiato, {language}",
    seen: "Che cosa ha visto il modello", crop: "Il ritaglio visto dal modello",
    crop_hint: "Il ritaglio, come lo ha visto il modello", face_key: "Volto", crop_key: "Ritaglio",
    no_face: "Nessun volto trovato: è stato usato il centro dell'immagine.",
    about: "Sul sistema", trained_on: "Addestrato su", test: "BLEU-4 sul test", unknown: "non noto",
    clips: "{name} ({n} video)", test_value: "{value} (intervallo al 95 %: da {low} a {high}; {n} video di {corpus})",
    test_plain: "{value} ({n} video di {corpus})", confidence: "Sicurezza",
    calibrated: "confrontata con i video di validazione", not_calibrated: "non nota: qui non ci sono video di validazione",
    drawn: "Addestrato su segnanti disegnati: {name}. Con video di persone reali il risultato non significa nulla.",
    not_for: "Non per uso medico, legale o di emergenza.",
    private: "I video restano su questo computer: sono cancellati quando arriva la risposta, e nulla è conservato.",
    kept: "Questo server conserva video e risposte, per scelta di chi lo ha avviato.",
    api: "Uso da programmi",
    stage_upload: "Invio del video", stage_queued: "In attesa: posto {place} nella coda",
    stage_reading: "Lettura del video", stage_face: "Ricerca del volto",
    stage_pauses: "Ricerca delle pause delle mani", stage_decode_and_crop: "Ritaglio di chi segna",
    stage_landmarks: "Ricerca dei punti del corpo", stage_sign_hiera: "Calcolo delle caratteristiche",
    stage_sign_encoder: "Comprensione dei segni", stage_decoding: "Scrittura del testo",
    stage_pictures: "Preparazione delle immagini", stage_speech: "Lettura ad alta voce",
    stage_part: "{stage}, parte {part} di {n}",
    done: "Traduzione pronta. {text}", cancelled: "Annullato.",
    error_too_large: "Il file è troppo grande.", error_too_long: "Il video è troppo lungo.",
    error_too_short: "Il video è troppo breve.", error_too_many_pixels: "L'immagine è troppo grande.",
    error_too_many_frames: "Il video ha troppi fotogrammi.", error_unreadable: "Il file non si può leggere come video.",
    error_no_frames: "Il video non ha fotogrammi.", error_too_large_to_decode: "Il video richiede troppa memoria.",
    error_queue_full: "Molti video sono in attesa. Riprova fra poco.",
    error_loading: "I modelli sono ancora in caricamento. Riprova fra poco.",
    error_access: "Accesso negato. Apri l'indirizzo mostrato dal server.",
    error_worker_ended: "La traduzione si è interrotta.", error_time: "Il video ha richiesto troppo tempo.",
    error_memory: "Il video richiede troppa memoria.", error_network: "Il server non risponde.",
    error_other: "Non ha funzionato.",
    note_no_voice: "Nessuna voce parla {language}.", note_speech_failed: "Il testo non è stato letto.",
    note_not_dubbed: "Non è stato possibile doppiare il video.",
    note_stretched: "La voce non entra nei tempi dei segni.",
  },
};

export const INTERFACES = Object.keys(WORDS);
let current = "en";

export function setInterface(language) {
  current = INTERFACES.includes(language) ? language : "en";
  document.documentElement.lang = current;
  document.title = t("page_title");
  for (const [attribute, target] of [["t", null], ["tLabel", "aria-label"], ["tPlaceholder", "placeholder"]]) {
    const selector = `[data-${attribute.replace(/[A-Z]/g, c => "-" + c.toLowerCase())}]`;
    for (const element of document.querySelectorAll(selector)) {
      const words = t(element.dataset[attribute]);
      if (target) element.setAttribute(target, words); else element.textContent = words;
    }
  }
}

export function interfaceLanguage() { return current; }

export function has(key) { return key in WORDS.en; }

// The words of a key, with {values} in their places.
export function t(key, values = {}) {
  const words = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function number(value, digits = 1) {
  return value.toLocaleString(current, {minimumFractionDigits: digits, maximumFractionDigits: digits});
}
