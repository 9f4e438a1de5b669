//! A dump that the reader opens: surveyed in a Worker, piece by piece.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::handle::plain;
use crate::lab::printable;
use crate::rdb::{BigKey, DecodeError, DecodeOptions, Decoder, Survey, Tally};

/// Reads one file, fed in pieces; it keeps sums, never the dataset.
#[wasm_bindgen]
#[derive(Debug)]
pub struct DumpReader {
    decoder: Decoder,
    survey: Survey,
    /// Milliseconds since the Unix epoch, from which lives are told.
    now: i64,
}

#[wasm_bindgen]
impl DumpReader {
    /// A reader at the first byte of a file; `now` is in milliseconds since the Unix epoch.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64) -> Self {
        super::crash::watch_panics();
        let decoder = Decoder::new(DecodeOptions::default());
        Self { decoder, survey: Survey::default(), now: now as i64 }
    }

    /// Takes the next bytes of the file; answers why they cannot be loaded, if they cannot.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        self.decoder.feed(bytes);
        match self.survey.read(&mut self.decoder, self.now) {
            Ok(()) => Ok(JsValue::NULL),
            Err(error) => Ok(FaultView::of(&error, self.decoder.offset()).serialize(&plain())?),
        }
    }

    /// What has been read so far: the counterpart of `Survey` in `www/src/engine/dump.ts`.
    pub fn report(&self) -> Result<JsValue, JsValue> {
        let view = SurveyView::of(&self.survey, &self.decoder);
        Ok(view.serialize(&plain())?)
    }
}

/// Why a file cannot be loaded.
#[derive(Debug, Serialize)]
struct FaultView {
    why: String,
    at: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SurveyView {
    version: u16,
    read: f64,
    ended: bool,
    /// Bytes behind the end of the file.
    behind: usize,
    aux: Vec<(String, String)>,
    functions: f64,
    total: TallyView,
    dbs: Vec<(f64, TallyView)>,
    kinds: Vec<KindView>,
    lives: LivesView,
    biggest: Vec<BigKeyView>,
}

#[derive(Debug, Serialize)]
struct TallyView {
    keys: f64,
    expires: f64,
    elements: f64,
    bytes: f64,
    memory: f64,
}

#[derive(Debug, Serialize)]
struct KindView {
    kind: &'static str,
    encoding: &'static str,
    tally: TallyView,
}

#[derive(Debug, Serialize)]
struct LivesView {
    forever: f64,
    over: f64,
    hour: f64,
    day: f64,
    month: f64,
    longer: f64,
}

#[derive(Debug, Serialize)]
struct BigKeyView {
    db: f64,
    key: String,
    kind: &'static str,
    encoding: &'static str,
    tally: TallyView,
    expires: Option<f64>,
}

impl FaultView {
    fn of(error: &DecodeError, read: u64) -> Self {
        let at = match error {
            DecodeError::Cut { at }
            | DecodeError::Corrupt { at, .. }
            | DecodeError::Unsupported { at, .. } => *at,
            DecodeError::BadSignature | DecodeError::VersionTooNew(_) => 0,
            DecodeError::BadChecksum { .. } => read,
        };
        Self { why: error.to_string(), at: at as f64 }
    }
}

impl SurveyView {
    fn of(survey: &Survey, decoder: &Decoder) -> Self {
        let kinds = survey.kinds.iter().map(|(&(kind, encoding), tally)| KindView {
            kind,
            encoding,
            tally: tally.into(),
        });
        let aux = survey.aux.iter();
        let lives = &survey.lives;
        Self {
            version: decoder.version().unwrap_or(0),
            read: decoder.offset() as f64,
            ended: survey.ended,
            behind: if survey.ended { decoder.unread().len() } else { 0 },
            aux: aux.map(|(name, value)| (text(name), text(value))).collect(),
            functions: survey.functions as f64,
            total: (&survey.total()).into(),
            dbs: survey.dbs.iter().map(|(db, tally)| (*db as f64, tally.into())).collect(),
            kinds: kinds.collect(),
            lives: LivesView {
                forever: lives.forever as f64,
                over: lives.over as f64,
                hour: lives.hour as f64,
                day: lives.day as f64,
                month: lives.month as f64,
                longer: lives.longer as f64,
            },
            biggest: survey.biggest.iter().map(BigKeyView::of).collect(),
        }
    }
}

impl BigKeyView {
    fn of(big: &BigKey) -> Self {
        Self {
            db: big.db as f64,
            key: text(&big.key),
            kind: big.kind,
            encoding: big.encoding,
            tally: (&big.tally).into(),
            expires: big.expires.map(|at| at as f64),
        }
    }
}

impl From<&Tally> for TallyView {
    fn from(tally: &Tally) -> Self {
        Self {
            keys: tally.keys as f64,
            expires: tally.expires as f64,
            elements: tally.elements as f64,
            bytes: tally.bytes as f64,
            memory: tally.memory as f64,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    printable(bytes, TEXT_MAX)
}

/// So much is shown of a name or a value.
const TEXT_MAX: usize = 120;
