using System.Globalization;
using System.Text;

namespace WafOperator.Benchmarks.Load;

/// <summary>
/// A kind of request as clients send it: some variants of it, whole on the wire, and whether a firewall is to refuse
/// them.
/// </summary>
internal sealed record TrafficShape(string Name, IReadOnlyList<byte[]> Requests, bool IsAttack = false)
{
    private const int Variants = 16;

    private const string Agent =
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n";

    private const string Headers =
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        + "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
        + "Referer: https://shop.example/products\r\nCookie: theme=light; visit=17\r\n";

    private static readonly string[] Words =
    [
        "green", "tea", "cake", "winter", "coat", "blue", "wool", "garden", "chair", "lamp", "paper", "river", "stone",
    ];

    /// <summary>What is measured. The same bytes in every run: chance has a fixed seed.</summary>
    public static IReadOnlyList<TrafficShape> All { get; } =
    [
        Of("GET, 3 parameters", Variants, static chance =>
            Get($"/products?category={Word(chance)}&page={chance.Next(1, 90)}&sort=price")),
        Of("form, 2 KB", Variants, static chance => Post("application/x-www-form-urlencoded", Form(chance, 2048))),
        Of("JSON, 4 KB, 11 leaves", Variants, static chance => Post("application/json", Json(chance, 11, 350))),
        Of("JSON, 4 KB, 250 leaves", Variants, static chance => Post("application/json", Json(chance, 250, 4))),
        Of("JSON, 64 KB, 400 leaves", Variants, static chance => Post("application/json", Json(chance, 400, 145))),
        Of("multipart with a file of 1 MB", 4, static chance => Multipart(chance, 1_000_000)),
        new("attack mix", [.. Attacks()], IsAttack: true),
    ];

    private static TrafficShape Of(string name, int variants, Func<Random, byte[]> create)
    {
        var chance = new Random(1);
        return new TrafficShape(name, [.. Enumerable.Range(0, variants).Select(_ => create(chance))]);
    }

    private static byte[] Get(string target, string agent = Agent) =>
        Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: shop.example\r\n{agent}{Headers}\r\n");

    private static byte[] Post(string type, string body) => Post(type, Encoding.ASCII.GetBytes(body));

    private static byte[] Post(string type, byte[] body) =>
    [
        .. Encoding.ASCII.GetBytes($"POST /api/items HTTP/1.1\r\nHost: shop.example\r\n{Agent}{Headers}"
            + $"Content-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n"),
        .. body,
    ];

    private static string Form(Random chance, int bytes)
    {
        var text = new StringBuilder("name=Ann+Example&city=Bergen");
        for (var i = 0; text.Length < bytes; i++)
            text.Append(CultureInfo.InvariantCulture, $"&field{i}={Text(chance, 35).Replace(' ', '+')}");
        return text.ToString();
    }

    private static string Json(Random chance, int leaves, int bytes) =>
        $"{{{string.Join(',', Enumerable.Range(0, leaves).Select(i => $"\"field{i}\":\"{Text(chance, bytes)}\""))}}}";

    private static byte[] Multipart(Random chance, int fileBytes)
    {
        var file = new byte[fileBytes];
        chance.NextBytes(file);
        const string Boundary = "----geckoformboundary7f3a91c2";
        return Post($"multipart/form-data; boundary={Boundary}",
        [
            .. Encoding.ASCII.GetBytes(
                $"--{Boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n{Text(chance, 30)}\r\n"
                + $"--{Boundary}\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"holiday.jpg\"\r\n"
                + "Content-Type: image/jpeg\r\n\r\n"),
            .. file,
            .. Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n"),
        ]);
    }

    private static IEnumerable<byte[]> Attacks()
    {
        yield return Get("/products?id=1%27%20UNION%20SELECT%20name%2Cpassword%20FROM%20users--%20-");
        yield return Get("/search?q=%3Cscript%3Ealert(document.cookie)%3C%2Fscript%3E&page=2");
        yield return Get("/files?name=..%2F..%2F..%2F..%2Fetc%2Fpasswd");
        yield return Get("/ping?host=127.0.0.1%3Bcat%20%2Fetc%2Fpasswd&count=3");
        yield return Get("/page?view=php%3A%2F%2Ffilter%2Fconvert.base64-encode%2Fresource%3Dindex.php");
        yield return Get("/products?category=tea&page=2", "User-Agent: sqlmap/1.8.2#stable (https://sqlmap.org)\r\n");
        yield return Get("/products?category=tea", "User-Agent: () { :; }; /bin/bash -c 'id'\r\n");
        yield return Get("/login?user=admin%27%20or%20%271%27%3D%271&password=x");
        yield return Post("application/x-www-form-urlencoded", "comment=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&rating=5");
        yield return Post("application/json", """{"filter":"1' OR 1=1; DROP TABLE orders--","page":1}""");
    }

    private static string Text(Random chance, int characters)
    {
        var text = new StringBuilder();
        while (text.Length < characters) text.Append(Word(chance)).Append(' ');
        return text.ToString(0, characters).TrimEnd().PadRight(characters, 'a');
    }

    private static string Word(Random chance) => Words[chance.Next(Words.Length)];
}
