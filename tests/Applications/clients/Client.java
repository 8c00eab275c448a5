import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** java.net.http.HttpClient in its own shapes, HTTP/2 by upgrade as is its default: prints NAME STATUS EXPECTED ANSWER. */
public final class Client {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static String url;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        var folder = Path.of(arguments[1]);
        send("form", "application/x-www-form-urlencoded", BodyPublishers.ofString("comment=" + URLEncoder.encode("it's \"fine\"; 50% off & more", StandardCharsets.UTF_8) + "&a="), "", "POST");
        send("JSON", "application/json", BodyPublishers.ofString("{\"note\":\"either a or b; 1 < 2\",\"list\":[1,null,{\"x\":\"\\u00fc\"}]}"), "", "POST");
        send("JSON chunked", "application/json", BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream("{\"a\":\"b\"}".getBytes())), "", "PUT");
        for (var name : List.of("photo.jpg", "notes.txt", "archive.zip")) {
            send("PUT " + name, "application/octet-stream", BodyPublishers.ofFile(folder.resolve(name)), name, "PUT");
            var bytes = Files.readAllBytes(folder.resolve(name));
            var head = ("--Java+Boundary=1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: " + Files.probeContentType(Path.of(name)) + "\r\n\r\n").getBytes();
            send("upload " + name, "multipart/form-data; boundary=\"Java+Boundary=1\"", BodyPublishers.ofByteArrays(List.of(head, bytes, "\r\n--Java+Boundary=1--\r\n".getBytes())), name, "POST");
        }
        send("GET", null, BodyPublishers.noBody(), "", "GET");
    }

    static void send(String name, String type, BodyPublisher body, String expected, String method) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/echo?from=java")).method(method, body);
        if (type != null) request.header("Content-Type", type);
        var answer = CLIENT.send(request.build(), BodyHandlers.ofString());
        System.out.println("java " + name + " (" + answer.version() + ")\t" + answer.statusCode() + "\t" + expected + "\t" + answer.body().replace("\n", " "));
    }
}
