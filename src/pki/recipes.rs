//! Lines to paste that make a client trust the CA.

use super::CaFiles;

/// A way of trusting the CA: for whom, and the line.
pub struct Recipe {
    /// curl, Python, ...
    pub who: &'static str,
    /// A line to paste, or a short instruction.
    pub line: String,
}

/// For the clients that are started by hand, with a base URL to call.
pub fn for_clients(files: &CaFiles, base_url: &str) -> Vec<Recipe> {
    let (pem, bundle, der) = (files.pem.display(), files.bundle.display(), files.der.display());
    let recipe = |who, line| Recipe { who, line };
    vec![
        recipe("curl", format!("curl --cacert {pem} {base_url}/stores")),
        recipe("Python", format!("export REQUESTS_CA_BUNDLE={bundle} SSL_CERT_FILE={bundle}")),
        recipe("Node", format!("export NODE_EXTRA_CA_CERTS={pem}")),
        recipe(
            "Java",
            format!(
                "keytool -importcert -noprompt -alias poscert -file {der} -keystore truststore.p12 -storetype PKCS12 -storepass changeit && java -Djavax.net.ssl.trustStore=truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit ..."
            ),
        ),
        recipe(".NET", format!("export SSL_CERT_FILE={bundle}     (Windows: certutil -user -addstore Root {der})")),
        recipe("PHP", format!("php -d curl.cainfo={bundle} -d openssl.cafile={bundle} ...")),
    ]
}

/// For whole machines and devices.
pub fn for_machines(files: &CaFiles) -> Vec<Recipe> {
    let (pem, der) = (files.pem.display(), files.der.display());
    let recipe = |who, line| Recipe { who, line };
    vec![
        recipe(
            "Debian",
            format!("sudo cp {pem} /usr/local/share/ca-certificates/poscert.crt && sudo update-ca-certificates"),
        ),
        recipe("Windows", format!("certutil -user -addstore Root {der}")),
        recipe(
            "Android",
            format!(
                "adb push {der} /sdcard/Download/poscert.crt, then Settings > Security > Install a certificate > CA certificate; an app trusts it only if its network_security_config names `user` certificates"
            ),
        ),
    ]
}

/// Recipes as lines of text.
pub fn text(recipes: &[Recipe]) -> String {
    recipes.iter().map(|recipe| format!("  {:<8} {}\n", recipe.who, recipe.line)).collect()
}
