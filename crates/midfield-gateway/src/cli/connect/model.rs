//! The model that answers a server which asks for one: which it is, what it may spend, and who agrees
//! ([2026-07-28, sampling](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling)).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use midfield::client::{Asker, Refusal};
use midfield::host::model::{
    AllowAll, ApiKey, Approve, Budget, Model, Models, Provider, Scope, Scripted,
};
use midfield::types::{CreateMessage, SampleResult};

use super::Bar;
use crate::cli::exit::Ended;
use crate::cli::note;
use crate::cli::person::{Person, server, words_of_model, words_of_wish};
use crate::cli::text::line;

/// Which model answers.
#[derive(Debug, Args)]
pub(in crate::cli) struct ModelOptions {
    /// The model that answers when the server asks for one: `anthropic/NAME`, `openai/NAME`, or a file with a script (`FILE.json`).
    /// Without it none does.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// Where the API of the model is, if it is not the provider's own, such as `http://127.0.0.1:8080/v1`.
    #[arg(long, value_name = "URL", requires = "model")]
    model_url: Option<String>,

    /// The environment variable that holds the key of the model. Default: `ANTHROPIC_API_KEY` or `OPENAI_API_KEY`; with `--model-url`
    /// none.
    #[arg(long, value_name = "NAME", requires = "model")]
    model_key_env: Option<String>,

    /// Most tokens that the model may read and write, all calls of the command together.
    #[arg(
        long,
        value_name = "COUNT",
        requires = "model",
        default_value_t = 200_000
    )]
    model_tokens: u64,

    /// Let the server ask the model without anybody agreeing.
    #[arg(long, requires = "model")]
    model_unattended: bool,
}

/// Whoever agrees to what a server asks a model, and to what it is told.
pub(super) struct Consent {
    pub(super) person: Option<Arc<Person>>,
    pub(super) bar: Arc<Bar>,
    /// Set when nobody was there to agree.
    pub(super) unanswered: Arc<AtomicBool>,
}

impl ModelOptions {
    /// The model, where there is one.
    ///
    /// # Errors
    /// When it is none that is known, it has no key, or its script cannot be read.
    pub(super) fn open(&self, consent: Consent) -> anyhow::Result<Option<Models>> {
        let Some(name) = &self.model else {
            return Ok(None);
        };
        if Path::new(name).extension().is_some_and(|it| it == "json") {
            let read = || anyhow::Ok(Scripted::read(&std::fs::read(name)?)?);
            let script = read().map_err(|error| {
                let name = line(name);
                Ended::usage(format!(
                    "could not read the script of a model in {name}: {error:#}"
                ))
            })?;
            let model = Model::new("scripted", Provider::own(script));
            return Ok(Some(Models::new().model(model).approve(AllowAll)));
        }
        let (provider, model) = name.split_once('/').unwrap_or_default();
        if model.is_empty() {
            return Err(unknown(name).into());
        }
        let asking = Asking {
            consent,
            model: line(name),
            is_agreed: AtomicBool::new(self.model_unattended),
        };
        let budget = Budget::new(WINDOW).tokens(self.model_tokens);
        let provider = self.provider(provider);
        // Whatever is wrong with it, the command line or its environment is to be mended.
        let provider = provider.map_err(|error| Ended::usage(format!("{error:#}")))?;
        let model = Model::new(model, provider);
        let models = Models::new().model(model).approve(asking);
        Ok(Some(models.budget(Scope::Everyone, budget)))
    }

    fn provider(&self, name: &str) -> anyhow::Result<Provider> {
        let url = self.model_url.as_deref();
        let key = |known: &str| {
            let variable = self.model_key_env.as_deref();
            // A key is for whom it was given by, and for nobody else that speaks the same API.
            let variable = variable.or_else(|| url.is_none().then_some(known));
            variable.map(ApiKey::from_environment).transpose()
        };
        let provider = match name {
            "anthropic" => {
                let key = key("ANTHROPIC_API_KEY")?.ok_or_else(|| {
                    Ended::usage("say by `--model-key-env` where the key for `--model-url` is")
                })?;
                match url {
                    Some(url) => Provider::anthropic_at(url, key)?,
                    None => Provider::anthropic(key)?,
                }
            }
            "openai" => match (url, key("OPENAI_API_KEY")?) {
                (Some(url), key) => Provider::open_ai_at(url, key)?,
                (None, Some(key)) => Provider::open_ai(key)?,
                (None, None) => return Err(unknown(name).into()),
            },
            other => return Err(unknown(other).into()),
        };
        Ok(provider)
    }
}

fn unknown(name: &str) -> Ended {
    Ended::usage(format!(
        "`--model {}` is none: it takes `anthropic/NAME`, `openai/NAME`, or a file with a script, `FILE.json`",
        line(name)
    ))
}

/// Asks for consent.
struct Asking {
    consent: Consent,
    model: String,
    /// Whoever is here has agreed to all that comes.
    is_agreed: AtomicBool,
}

impl Asking {
    /// Whether whoever is here agrees.
    async fn agree(&self, asker: &Asker, text: &str, answers: [&str; 3]) -> Result<(), Refusal> {
        let _paused = self.consent.bar.pause();
        let person = self.consent.person.as_ref();
        let Some(person) = person.filter(|person| person.is_at_terminal()) else {
            self.consent.unanswered.store(true, Ordering::Relaxed);
            note(&format!(
                "the server `{}` wants to ask the model `{}` (refused: nobody is here to agree, see `--model-unattended`)",
                server(asker),
                self.model
            ));
            return Err(refused());
        };
        match person.choose(asker, text, &answers).await {
            Some(1) => Ok(()),
            Some(2) => {
                self.is_agreed.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(refused()),
        }
    }
}

impl Approve for Asking {
    async fn before(
        &self,
        request: CreateMessage,
        asker: &Asker,
    ) -> Result<CreateMessage, Refusal> {
        if !self.is_agreed.load(Ordering::Relaxed) {
            let text = words_of_wish(&self.model, &request);
            let answers = ["no, refuse", "yes, ask it", ALL];
            self.agree(asker, &text, answers).await?;
        }
        Ok(request)
    }

    async fn after(
        &self,
        _: &CreateMessage,
        result: SampleResult,
        asker: &Asker,
    ) -> Result<SampleResult, Refusal> {
        if !self.is_agreed.load(Ordering::Relaxed) {
            let text = words_of_model(&result);
            let answers = ["no, keep it", "yes, send it", ALL];
            self.agree(asker, &text, answers).await?;
        }
        Ok(result)
    }
}

fn refused() -> Refusal {
    Refusal::rejected("User rejected sampling request")
}

const ALL: &str = "yes, and all that it asks until this command ends";

/// As long as a command may take.
const WINDOW: Duration = Duration::from_hours(24);
