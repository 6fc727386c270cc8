//! What tools, prompts, resources and templates of resources have in common: what clients learn about them, and what
//! their handlers ask.

/// The methods that all of them have. `asks` and `forms` say in which fields it is kept what the handler asks.
macro_rules! described {
    (
        $type:ident: $description:ty, $what:literal,
        asks: $($asks:ident).+, forms: $($forms:ident).+
    ) => {
        impl $type {
            /// What clients learn about it.
            pub fn as_description(&self) -> &$description {
                &self.description
            }

            #[doc = $what]
            #[must_use]
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.description.description = Some(description.into());
                self
            }

            /// Sets the name for people.
            #[must_use]
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.description.title = Some(title.into());
                self
            }

            /// Adds a picture.
            #[must_use]
            pub fn icon(mut self, icon: midfield_protocol::types::Icon) -> Self {
                self.description.icons.push(icon);
                self
            }

            /// Attaches `value` under `key` to what clients learn. A key is called like `com.example/name`;
            /// prefixes of the protocol, such as `io.modelcontextprotocol/`, are for servers with an extension
            /// that has them.
            #[must_use]
            pub fn meta(
                mut self,
                key: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                let meta = self.description.meta.take().unwrap_or_default();
                self.description.meta = Some(meta.with(key, value));
                self
            }

            /// Says what the handler will ask of the client. A client that does not offer it is refused
            /// before the handler runs.
            #[must_use]
            pub fn asks(mut self, asks: $crate::server::Asks) -> Self {
                self.$($asks).+ = self.$($asks).+.and(asks);
                self
            }

            /// Has the form of `T` checked when the server is built, for handlers that ask for it.
            #[must_use]
            pub fn form<T: schemars::JsonSchema + 'static>(mut self) -> Self {
                self.$($forms).+.push($crate::server::Form::cached::<T>);
                self
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    .field("description", &self.description)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use described;
