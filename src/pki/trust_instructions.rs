//! Shell lines that make a client trust the CA and use the recorder as its proxy.

use super::{CaFiles, word};

/// A line to paste, and the client that it is for.
pub(crate) struct Recipe {
    /// The client: curl, Python, ...
    pub who: &'static str,
    /// A line for a POSIX shell. `...` is the rest of the client's command.
    pub line: String,
}

/// How clients started from a shell trust the CA.
pub(crate) fn for_clients(files: &CaFiles) -> Vec<Recipe> {
    let (pem, bundle) = (word(&files.pem), word(&files.bundle));
    let recipe = |who, line| Recipe { who, line };
    vec![
        recipe("curl", format!("curl --cacert {pem} ...")),
        recipe("wget", format!("wget --ca-certificate={bundle} ...")),
        recipe("Python", format!("export REQUESTS_CA_BUNDLE={bundle} SSL_CERT_FILE={bundle}")),
        recipe("Node", format!("export NODE_EXTRA_CA_CERTS={pem}")),
        recipe("Java", format!("java {} ...", java_trust(files))),
        recipe("PHP", format!("php -d curl.cainfo={bundle} -d openssl.cafile={bundle} ...")),
        recipe("Perl", format!("export SSL_CERT_FILE={bundle} PERL_LWP_SSL_CA_FILE={bundle}")),
        recipe("Go, Ruby", format!("export SSL_CERT_FILE={bundle}")),
        recipe(".NET", format!("export SSL_CERT_FILE={bundle}")),
    ]
}

/// How clients use the recorder as their HTTPS proxy: environment variables, and Java's options.
pub(crate) fn for_proxy(files: &CaFiles, url: &str, host: &str, port: u16) -> [String; 2] {
    [
        // Both spellings, because some clients read only one of them. Ruby reads `http_proxy` for HTTPS, too. Node
        // (since version 24) and Perl's LWP read them only if the last two variables are set.
        format!(
            "export HTTPS_PROXY={url} https_proxy={url} http_proxy={url} NO_PROXY= no_proxy= \
             NODE_USE_ENV_PROXY=1 PERL_LWP_ENV_PROXY=1"
        ),
        format!("java {} {} ...", java_proxy(host, port), java_trust(files)),
    ]
}

/// Java's options to trust the CA, quoted for a shell.
fn java_trust(files: &CaFiles) -> String {
    let store = word(&files.truststore);
    format!("-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=jks")
}

/// Java's options to use a proxy.
pub(crate) fn java_proxy(host: &str, port: u16) -> String {
    format!("-Dhttps.proxyHost={host} -Dhttps.proxyPort={port}")
}

/// How machines and devices trust the CA.
pub(crate) fn for_machines(files: &CaFiles) -> Vec<Recipe> {
    let (pem, der) = (word(&files.pem), word(&files.der));
    let recipe = |who, line| Recipe { who, line };
    vec![
        recipe(
            "Debian",
            format!("sudo cp {pem} /usr/local/share/ca-certificates/poscert.crt && sudo update-ca-certificates"),
        ),
        recipe("JDK", format!("sudo keytool -importcert -cacerts -noprompt -alias poscert -file {der}")),
        recipe("Windows", format!("certutil -user -addstore Root {der}")),
        recipe(
            "Android",
            format!(
                "adb push {der} /sdcard/Download/poscert.crt, then Settings > Security > Install a certificate > CA \
                 certificate; an app trusts it only if its network_security_config names `user` certificates"
            ),
        ),
    ]
}

/// The recipes as lines of text.
pub(crate) fn text(recipes: &[Recipe]) -> String {
    recipes.iter().map(|recipe| format!("  {:<9} {}\n", recipe.who, recipe.line)).collect()
}
