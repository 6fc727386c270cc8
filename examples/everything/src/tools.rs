//! What models can do.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the arguments of a handler are its own"
)]

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use midfield::extension::ui::ToolExt as _;
use midfield::prelude::*;
use midfield::server::{Agent, Backoff, Retry};
use midfield::types::{CreateMessage, Icon, ResourceLink, SamplingMessage};

use crate::extensions::SCALE;
use crate::notebook::{ICON, Notebook, PIXEL};

pub(crate) fn all() -> Vec<Tool> {
    let quick = tools![note, look_up, measure, chart, fail, book];
    let weigh = weigh::tool().view(SCALE);
    let asking = tools![quote, order, sign_in, summarize, research, workspace];
    let changing = tools![toggle_drawer];
    quick
        .into_iter()
        .chain([weigh])
        .chain(asking)
        .chain(changing)
        .collect()
}

/// Write a note down. Whoever is subscribed to it is told.
#[tool(title = "Note", idempotent)]
fn note(
    /// What the note is called.
    title: String,
    text: String,
    cx: &Context,
    notebook: State<Notebook>,
) -> String {
    notebook.write(&title, &text);
    tracing::info!(title, "noted");
    cx.service()
        .resource_updated(&format!("notebook://notes/{title}"));
    format!("noted by {}", cx.principal())
}

/// Look a note up, as text, link and picture.
#[tool(read_only)]
fn look_up(title: String, notebook: State<Notebook>) -> Result<Vec<Content>> {
    let text = notebook
        .read(&title)
        .ok_or_else(|| Error::tool(format!("there is no note {title:?}; `note` writes one")))?;
    let link = ResourceLink::new(format!("notebook://notes/{title}"), &title);
    Ok(vec![
        Content::text(text),
        Content::ResourceLink(link),
        Content::image(PIXEL, "image/png"),
        Content::audio(b"RIFF", "audio/wav"),
    ])
}

#[derive(Serialize, JsonSchema)]
struct Weight {
    grams: f64,
    ounces: f64,
}

/// Convert a weight. The result is structured.
#[tool(read_only)]
fn weigh(#[schemars(range(min = 0.0))] grams: f64) -> Weight {
    Weight {
        grams,
        ounces: grams / 28.35,
    }
}

/// Measure for a while, and tell how far it has come.
#[tool]
async fn measure(#[schemars(range(min = 1, max = 20))] times: u32, cx: &Context) -> String {
    for time in 1..=times {
        cx.log(LogLevel::Info, &format!("measured {time}")).await;
        cx.progress(time, times).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    format!("measured {times} times")
}

/// Draw a chart, which takes so long that the client may come back for it.
#[tool]
async fn chart(cx: &Context) -> Content {
    cx.let_go().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    Content::image(PIXEL, "image/png")
}

/// Fail, as experiments do.
#[tool]
fn fail() -> Result<String> {
    Err(Error::tool("the sample evaporated; try again with a lid"))
}

/// Book a bench in a region, by which requests can be routed without reading their bodies.
#[tool]
fn book(
    /// Where the bench is.
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
) -> String {
    format!("booked a bench in {region}")
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Speed {
    /// Next week
    Slow,
    /// Tomorrow
    Fast,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Extra {
    Gloves,
    Goggles,
    Tape,
}

/// What the order is.
#[derive(Deserialize, JsonSchema)]
struct Order {
    /// What is ordered?
    #[schemars(length(min = 1, max = 80))]
    article: String,
    /// How many?
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pieces: u32,
    /// At what price at the most?
    limit: Option<f64>,
    /// How soon?
    speed: Speed,
    /// What goes with it?
    #[serde(default)]
    extras: Vec<Extra>,
    /// Is it urgent?
    #[serde(default)]
    urgent: bool,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}, {:?}", self.pieces, self.article, self.speed)?;
        if let Some(limit) = self.limit {
            write!(f, ", at {limit} at the most")?;
        }
        for extra in &self.extras {
            write!(f, ", with {extra:?}")?;
        }
        if self.urgent {
            f.write_str(", urgent")?;
        }
        Ok(())
    }
}

fn one() -> u32 {
    1
}

/// Whom the bill goes to.
#[derive(Deserialize, JsonSchema)]
struct Bill {
    /// Where does the bill go?
    #[schemars(email)]
    email: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    /// Order now?
    ok: bool,
}

/// Tell what an order would be: asks for everything that a form can ask for.
#[tool(read_only)]
async fn quote(cx: &Context) -> Result<String> {
    Ok(
        match cx.elicit::<Order>("order", "What do you need?").await? {
            Answer::Accepted(order) => order.to_string(),
            Answer::Declined => "the user wants nothing".to_owned(),
            Answer::Cancelled => "the user did not say".to_owned(),
        },
    )
}

/// Order something: asks what, reserves it once, asks two more things at once, and orders.
#[tool(destructive)]
async fn order(cx: &Context) -> Result<String> {
    let Answer::Accepted(order) = cx.elicit::<Order>("order", "What do you need?").await? else {
        return Ok("nothing was ordered".to_owned());
    };
    // Run once, also when the call is run again for the next answers.
    let reservation: String = cx
        .step("reserve", async || {
            Ok::<_, Error>(format!("R-{}", order.pieces))
        })
        .await?;
    let confirmation = format!("Order {} x {}?", order.pieces, order.article);
    let (bill, confirm) = tokio::join!(
        cx.elicit::<Bill>("bill", "For the bill:"),
        cx.elicit::<Confirm>("confirm", confirmation),
    );
    let (Answer::Accepted(bill), Answer::Accepted(Confirm { ok: true })) = (bill?, confirm?) else {
        return Ok("nothing was ordered".to_owned());
    };
    let retry = Retry::attempts(NonZeroU32::MIN.saturating_add(2))
        .backoff(Backoff::new(Duration::from_millis(10)));
    let number: u32 = cx
        .step_with("order", &retry, async |attempt| {
            // A real service would get `attempt.key`, to do nothing twice.
            if attempt.number < 2 {
                return Err(Error::tool("the shop is closed for a moment"));
            }
            Ok(4711)
        })
        .await?;
    Ok(format!(
        "ordered {order} under {reservation} as {number}, bill to {}",
        bill.email
    ))
}

/// Have the user sign in on a page of the laboratory.
#[tool(open_world)]
async fn sign_in(cx: &Context) -> Result<&'static str> {
    let page = |id: &str| format!("https://lab.example.com/sign-in?question={id}");
    let answer = cx.elicit_url_with("sign-in", "Sign in to the laboratory.", page);
    Ok(match answer.await? {
        Answer::Accepted(()) => "the user went to the page",
        Answer::Declined => "the user does not want to sign in",
        Answer::Cancelled => "the user closed the question",
    })
}

/// Have the client's model summarize a note.
#[tool(read_only)]
async fn summarize(title: String, cx: &Context, notebook: State<Notebook>) -> Result<String> {
    let note = notebook.read(&title).unwrap_or_default();
    let request = CreateMessage::new(200)
        .system_prompt("You are brief.")
        .message(SamplingMessage::user(format!("Summarize: {note}")));
    let answer = cx.sample("summary", request).await?;
    Ok(format!("{}: {:?}", answer.model, answer.content))
}

/// Have an agent of the client's model find something out with tools of this server.
#[tool(read_only)]
async fn research(question: String, cx: &Context) -> Result<String> {
    let agent = Agent::new(500)
        .system("Use the tools.")
        .user(question)
        .tools(tools![weigh, look_up])
        .rounds(NonZeroU32::MIN.saturating_add(4));
    let result = cx.agent("research", agent).await?;
    Ok(format!("{} (after {} rounds)", result.text, result.rounds))
}

/// Tell which directories the client works in.
#[tool(read_only)]
async fn workspace(cx: &Context) -> Result<String> {
    let roots = cx.roots("roots").await?;
    let uris: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
    Ok(uris.join("\n"))
}

/// Look into the drawer, which is not always there.
#[tool]
fn drawer() -> &'static str {
    "three pencils"
}

/// Open the drawer, or close it when it is open: one tool, prompt, resource and template more, or fewer.
#[tool]
fn toggle_drawer(cx: &Context) -> Result<&'static str> {
    let service = cx.service();
    if service.remove_tool("drawer") {
        service.remove_prompt("tidy");
        service.remove_resource("drawer://pencil");
        service.remove_resource_template("drawer://{thing}");
        return Ok("the drawer is closed");
    }
    service.add_tool(drawer::tool().icon(Icon::new(ICON)))?;
    service.add_prompt(Prompt::new("tidy", async || "Tidy the drawer."))?;
    service.add_resource(Resource::new("drawer://pencil", "pencil", async || "sharp"))?;
    let template = ResourceTemplate::new("drawer://{thing}", "thing", async || "a thing")?;
    service.add_resource_template(template)?;
    Ok("the drawer is open")
}
