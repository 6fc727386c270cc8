//! What a client hears of changes, as often as it wants to.

use std::time::Duration;

use midfield::Client;
use midfield::client::{Change, Speak, Subscription};
use midfield::prelude::*;
use midfield::types::Filter;

const READINGS: &str = "demo://readings";

async fn subscribe(client: &Client) -> Subscription {
    let mut filter = Filter::default();
    filter.resource_subscriptions = vec![READINGS.to_owned()];
    client.subscribe(filter).await.expect("a subscription")
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_subscription_is_not_the_end_of_another() {
    for speak in [Speak::Auto, Speak::Legacy] {
        let readings = Resource::new(READINGS, "readings", async || "17".to_owned());
        let server = Server::new("demo", "1.0.0").resource(readings);
        let service = server.build().expect("a server");
        let client = Client::builder()
            .speak(speak)
            .connect(service.clone())
            .await
            .expect("a connection");
        let (first, mut second) = (subscribe(&client).await, subscribe(&client).await);
        drop(first);
        // Whatever the end of the first one sends is answered before this is.
        for _ in 0..3 {
            client.ping().await.expect("an answer");
        }
        service.resource_updated(READINGS);
        let change = tokio::time::timeout(Duration::from_secs(1), second.next()).await;
        let change = change.unwrap_or_else(|_| panic!("nothing was told, {speak:?}"));
        assert_eq!(change, Some(Change::Resource(READINGS.to_owned())));
    }
}
