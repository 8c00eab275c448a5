import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.commons.fileupload.FileItem;
import org.apache.commons.fileupload.FileUpload;
import org.apache.commons.fileupload.UploadContext;
import org.apache.commons.fileupload.disk.DiskFileItemFactory;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/**
 * Reads bodies from stdin (content type and body in Base64, one request a line) and writes what Java's readers make of
 * them (JSON, one line each): commons-fileupload for multipart, which Tomcat carries too, and the JDK's reader of XML.
 */
public final class Readers {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var output = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
        for (String line; (line = lines.readLine()) != null; ) {
            var pieces = line.split(" ", -1);
            var type = new String(Base64.getDecoder().decode(pieces[0]), StandardCharsets.ISO_8859_1);
            var body = Base64.getDecoder().decode(pieces[1]);
            String answer;
            try {
                answer = type.toLowerCase().startsWith("multipart/") ? multipart(type, body) : xml(body);
            } catch (Exception | StackOverflowError refused) {
                answer = "null";
            }
            output.println("[" + answer + "]");
        }
    }

    private static String multipart(String type, byte[] body) throws Exception {
        var upload = new FileUpload(new DiskFileItemFactory(1 << 20, null));
        upload.setHeaderEncoding("ISO-8859-1");
        List<String> values = new ArrayList<>(), files = new ArrayList<>();
        for (FileItem item : upload.parseRequest(new Context(type, body))) {
            (item.isFormField() ? values : files).add(new String(item.get(), StandardCharsets.ISO_8859_1));
        }
        return answer(values, files);
    }

    private static String xml(byte[] body) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setCoalescing(true);
        factory.setNamespaceAware(true);
        var builder = factory.newDocumentBuilder();
        builder.setErrorHandler(null);
        builder.setEntityResolver((publicId, systemId) -> {
            throw new java.io.IOException("nothing is fetched");
        });
        List<String> texts = new ArrayList<>(), attributes = new ArrayList<>();
        walk(builder.parse(new ByteArrayInputStream(body)).getDocumentElement(), texts, attributes);
        return answer(texts, attributes);
    }

    private static void walk(Node node, List<String> texts, List<String> attributes) {
        if (node.getNodeType() == Node.TEXT_NODE) texts.add(node.getNodeValue());
        NamedNodeMap own = node.getAttributes();
        for (int i = 0; own != null && i < own.getLength(); i++) {
            if (!own.item(i).getNodeName().startsWith("xmlns")) attributes.add(own.item(i).getNodeValue());
        }
        for (Node child = node.getFirstChild(); child != null; child = child.getNextSibling()) {
            walk(child, texts, attributes);
        }
    }

    private static String answer(List<String> values, List<String> files) {
        return "{\"values\":" + list(values) + ",\"files\":" + list(files) + "}";
    }

    private static String list(List<String> texts) {
        var json = new StringBuilder("[");
        for (String text : texts) {
            json.append(json.length() > 1 ? ",\"" : "\"");
            for (char c : text.toCharArray()) {
                if (c < ' ' || c == '"' || c == '\\' || c > '~') json.append(String.format("\\u%04x", (int) c));
                else json.append(c);
            }
            json.append('"');
        }
        return json.append(']').toString();
    }

    private record Context(String type, byte[] body) implements UploadContext {
        @Override public String getCharacterEncoding() { return "ISO-8859-1"; }

        @Override public String getContentType() { return type; }

        @Override public int getContentLength() { return body.length; }

        @Override public long contentLength() { return body.length; }

        @Override public InputStream getInputStream() { return new ByteArrayInputStream(body); }
    }
}
