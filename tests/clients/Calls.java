import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Calls $URL once with each of Java's two clients, set up by the options of the command line alone. */
class Calls {
    public static void main(String[] arguments) throws Exception {
        String url = System.getenv("URL");
        URI first = URI.create(url + "-urlconnection");
        System.out.println(((HttpURLConnection) first.toURL().openConnection()).getResponseCode());
        HttpRequest second = HttpRequest.newBuilder(URI.create(url + "-httpclient")).build();
        System.out.println(HttpClient.newHttpClient().send(second, HttpResponse.BodyHandlers.discarding()).statusCode());
    }
}
