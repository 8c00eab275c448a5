using System.Globalization;
using System.Text;
using WafOperator.Engine.Tests.Hostile;

namespace WafOperator.Benchmarks.Engine;

/// <summary>Requests as applications get them, and one attack.</summary>
internal static class OrdinaryRequests
{
    public static (string Name, string Value)[] Browser { get; } =
    [
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Referer", "https://shop.example/products"),
        ("Cookie", "theme=light; visit=17"),
    ];

    public static IEnumerable<HostileRequest> All() =>
    [
        Get("GET, 3 parameters", "/products?category=tea&page=2&sort=price"),
        Post("form 2 KB", "application/x-www-form-urlencoded", Form(2048)),
        Post("JSON 4 KB, 11 leaves", "application/json", Json(11, 340)),
        Post("JSON 4 KB, 250 leaves", "application/json", Json(250, 4)),
        Post("JSON 64 KB, 500 leaves", "application/json", Json(500, 115)),
        Post("multipart, 1 MB file", "multipart/form-data; boundary=x", Upload(1 << 20)),
        Get("attack", "/products?id=1%27%20UNION%20SELECT%20name%2Cpassword%20FROM%20users--%20-"),
    ];

    private static HostileRequest Get(string name, string target) => new(name, target, "", [], []);

    private static HostileRequest Post(string name, string type, string body) =>
        new(name, "/api/items", type, Encoding.Latin1.GetBytes(body), []);

    private static string Form(int bytes)
    {
        var text = new StringBuilder("name=Ann+Example&city=Bergen");
        for (var i = 0; text.Length < bytes; i++)
            text.Append(CultureInfo.InvariantCulture, $"&field{i}=two+cups+of+green+tea+please+number+{i}");
        return text.ToString();
    }

    private static string Json(int leaves, int bytes)
    {
        var value = string.Concat(Enumerable.Repeat("green tea and cake ", (bytes / 19) + 1))[..bytes];
        return "{" + string.Join(',', Enumerable.Range(0, leaves).Select(i => $"\"field{i}\":\"{value}\"")) + "}";
    }

    private static string Upload(int bytes)
    {
        var random = new Random(1);
        var file = new char[bytes];
        for (var i = 0; i < bytes; i++) file[i] = (char)random.Next(256);
        return "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA photo\r\n--x\r\n"
            + "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"\r\n"
            + "Content-Type: image/jpeg\r\n\r\n"
            + new string(file) + "\r\n--x--\r\n";
    }
}
