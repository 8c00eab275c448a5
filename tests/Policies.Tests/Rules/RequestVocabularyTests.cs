using System.Text;
using WafOperator.Http;
using WafOperator.Policies.Rules;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>
/// Media types that a policy lets through: what a body of any of them holds is among what rules see, or the body is in
/// error, or it is said that it was not read.
/// </summary>
public sealed class RequestVocabularyTests
{
    private const string Needle = "needle";

    private static readonly string[] Suffixed =
    [
        "application/a+json", "application/a+xml", "application/a+x-ndjson", "application/a+json-seq",
        "application/a+yaml", "application/a+cbor", "application/a+zip", "application/a+gzip", "application/a+jwt",
        "application/a+proto", "application/a+wbxml", "image/a+xml", "model/a+json", "application/a+sqlite3",
    ];

    public static TheoryData<string> Bodies =>
    [
        "{\"a\":\"needle\"}", "{\"a\":1}\n{\"b\":\"needle\"}\n", "<a>needle</a>", "a=1&b=needle+%26", "needle",
        "one: two\nthree: needle\n", "\0\u0001\u0002needle\u00ff\u00fe\0\0\0\u0003", "\u00a1\u0064name\u0066needle",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nneedle\r\n--b--\r\n",
    ];

    [Theory, MemberData(nameof(Bodies))]
    public void ATypeThatIsLetThrough_IsReadOrSaidToBeUnread(string body)
    {
        var types = RequestVocabulary.ContentTypesOf(new()).Split(' ').Select(type => type.Trim('|')).ToList();
        Assert.True(types.Count > 150, $"only {types.Count} types");
        var unseen = types.Concat(Suffixed).Where(type => !IsSeen(type, body)).ToList();
        Assert.True(unseen.Count == 0, $"unseen in {string.Join(", ", unseen)}");
    }

    private static bool IsSeen(string type, string body)
    {
        var request = new CanonicalRequest();
        request.Begin("POST"u8, "/a"u8, "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        request.AddHeader("Content-Type"u8, Encoding.UTF8.GetBytes(type));
        request.EndHeaders();
        request.AppendBody(Encoding.Latin1.GetBytes(body));
        request.EndBody();
        if (request.Unread is not UnreadContent.None || request.BodyError is not BodyError.None) return true;
        var seen = new StringBuilder(Encoding.Latin1.GetString(request[request.XmlContent]));
        foreach (ref readonly var argument in request.Arguments)
            seen.Append(Encoding.Latin1.GetString(request[argument.Name])).Append('=')
                .Append(Encoding.Latin1.GetString(request[argument.Value])).Append('\n');
        return seen.ToString().Contains(Needle, StringComparison.Ordinal);
    }
}
