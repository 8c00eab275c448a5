using System.IO.Compression;
using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>
/// An attack is put behind each bound there is. Either inspection is shown it all the same, or the request says that
/// it must be refused; nothing is cut in silence.
/// </summary>
public sealed class ExceededLimitsTests
{
    private const string Attack = "' UNION SELECT password FROM users-- -";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Multipart = "multipart/form-data; boundary=b";

    private static readonly string Filler = new('x', 100);

    public static TheoryData<ExceededLimits> All =>
        [.. Enum.GetValues<ExceededLimits>().Where(limit => limit is not ExceededLimits.None)];

    [Theory]
    [MemberData(nameof(All))]
    public void EndBody_AttackBehindABound_IsShownOrRefused(ExceededLimits limit)
    {
        if (limit is ExceededLimits.ResponseBodyBytes)
        {
            Assert.True(Response().Exceeded.HasFlag(limit));
            return;
        }

        var request = Behind(limit);
        Assert.True(request.Exceeded.HasFlag(limit), request.Exceeded.ToString());
        var isSaid = request.MustReject || limit is ExceededLimits.BodyBytes
            || request.Unread.HasFlag(UnreadContent.FileContent);
        Assert.True(isSaid || IsShown(request), $"{limit} hides the attack");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void RejectOn_Bound_RefusesUnlessItIsIgnoredForAReason(ExceededLimits limit) =>
        Assert.Equal(!LimitEffects.Ignored.HasFlag(limit), HttpLimits.Default.RejectOn.HasFlag(limit));

    [Theory]
    [MemberData(nameof(All))]
    public void MustRejectInPart_Bound_CutsOnlyTheStructureOfABody(ExceededLimits limit)
    {
        if (limit is ExceededLimits.ResponseBodyBytes) return;
        var request = Behind(limit);
        var others = request.Exceeded & HttpLimits.Default.RejectOn & ~LimitEffects.BodyStructure;
        Assert.Equal(others != ExceededLimits.None, request.MustRejectInPart);
        if (LimitEffects.BodyStructure.HasFlag(limit)) Assert.Equal(BodyError.None, request.BodyError);
    }

    [Fact]
    public void EndBody_OneMebibyteIntoAFieldOfEight_IsNotCut()
    {
        var padding = new string('x', 7 * 1024 * 1024);
        var json = $$"""{"a":"{{padding}}{{Attack}}"}""";
        CanonicalRequest[] requests = [Body.Read("application/json", json), Body.Read(Form, "a=" + padding + Attack)];
        foreach (var request in requests)
        {
            Assert.Equal(ExceededLimits.None, request.Exceeded);
            Assert.True(IsShown(request));
        }
    }

    private static bool IsShown(CanonicalRequest request)
    {
        foreach (var part in new RequestParts(request))
        {
            if (Encoding.Latin1.GetString(request[part.Value]).Contains(Attack, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    private static CanonicalRequest Behind(ExceededLimits limit) => limit switch
    {
        ExceededLimits.HeaderBytes => Head(new HttpLimits { HeaderBytesMax = 80 }, ("X", Filler), ("Y", Attack)),
        ExceededLimits.Headers => Head(new HttpLimits { HeadersMax = 1 }, ("X", "x"), ("Y", Attack)),
        ExceededLimits.Cookies => Head(new HttpLimits { CookiesMax = 2 }, ("Cookie", $"a=1; b=2; c={Attack}")),
        ExceededLimits.Arguments => Body.Read(Form, $"a=1&b=2&c={Attack}", new HttpLimits { ArgumentsMax = 2 }),
        ExceededLimits.ArgumentBytes =>
            Body.Read(Form, $"a={Filler}{Attack}", new HttpLimits { ArgumentBytesMax = 50 }),
        ExceededLimits.BodyBytes => Body.Read(Form, $"a={Filler}{Attack}", new HttpLimits { BodyBytesMax = 50 }),
        ExceededLimits.BodyNoFilesBytes =>
            Body.Read(Form, $"a={Filler}&b={Attack}", new HttpLimits { BodyNoFilesBytesMax = 50 }),
        ExceededLimits.JsonDepth =>
            Body.Read("application/json", $$"""[[["{{Attack}}"]]]""", new HttpLimits { JsonDepthMax = 2 }),
        ExceededLimits.JsonLeaves =>
            Body.Read("application/json", $$"""[1,2,"{{Attack}}"]""", new HttpLimits { JsonLeavesMax = 2 }),
        ExceededLimits.XmlDepth =>
            Body.Read("text/xml", $"<a><b><c>{Attack}</c></b></a>", new HttpLimits { XmlDepthMax = 2 }),
        ExceededLimits.XmlNodes =>
            Body.Read("text/xml", $"<a><b/><c>{Attack}</c></a>", new HttpLimits { XmlNodesMax = 2 }),
        ExceededLimits.GraphQlDepth => Body.Read(
            "application/graphql", "{a{b{c(d:\"" + Attack + "\")}}}", new HttpLimits { GraphQlDepthMax = 2 }),
        ExceededLimits.MultipartParts =>
            Body.Read(
                Multipart, Body.Multipart(Field("a", "1"), Field("b", Attack)),
                new HttpLimits { MultipartPartsMax = 1 }),
        ExceededLimits.MultipartHeaderBytes => Body.Read(
            Multipart, Body.Multipart(Field("a", "1"), $"X: {Filler}|{Field("b", Attack)}"),
            new HttpLimits { MultipartHeaderBytesMax = 90 }),
        ExceededLimits.Files => Body.Read(
            Multipart, Body.Multipart(Field("a\"; filename=\"1", "1"), Field("b\"; filename=\"2", Attack)),
            new HttpLimits { FilesMax = 1 }),
        ExceededLimits.FileBytes => Body.Read(
            Multipart, Body.Multipart(Field("a\"; filename=\"1", Filler + Attack)),
            new HttpLimits { FileBytesMax = 50 }),
        ExceededLimits.DecompressedBytes =>
            Body.Read(Form, GZip($"a={Filler}{Attack}"), new HttpLimits { DecompressedBytesMax = 50 },
                headers: ("Content-Encoding", "gzip")),
        ExceededLimits.DecompressionRatio => Body.Read(
            Form, GZip("a=" + new string('x', 1_000_000) + Attack), new HttpLimits { DecompressionRatioMax = 10 },
            headers: ("Content-Encoding", "gzip")),
        ExceededLimits.ContentCodings => Body.Read(
            Form, GZip("a=" + Attack), new HttpLimits { ContentCodingsMax = 0 }, headers: ("Content-Encoding", "gzip")),
        ExceededLimits.Memory => Body.Read(
            "application/json",
            $$"""{"{{new string('k', 60_000)}}":[{{string.Join(",", Enumerable.Repeat("1", 60_000))}},"{{Attack}}"]}""",
            new HttpLimits
            {
                HeaderBytesMax = 1000, BodyBytesMax = 200_000, ArgumentsMax = 100_000, JsonLeavesMax = 100_000,
            }),
        _ => throw new InvalidOperationException($"say how {limit} is exceeded"),
    };

    private static string Field(string name, string value) =>
        $"Content-Disposition: form-data; name=\"{name}\"||{value}";

    private static CanonicalRequest Head(HttpLimits limits, params (string, string)[] headers)
    {
        var request = new CanonicalRequest(limits);
        CanonicalRequestTests.Feed(request, "GET", "/", headers);
        request.EndBody();
        return request;
    }

    private static CanonicalResponse Response()
    {
        var response = new CanonicalResponse(new HttpLimits { ResponseBodyBytesMax = 10 });
        response.Begin(200, "HTTP/1.1"u8);
        response.AppendBody(Encoding.ASCII.GetBytes(Filler));
        return response;
    }

    private static byte[] GZip(string text)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal)) gzip.Write(Encoding.ASCII.GetBytes(text));
        return output.ToArray();
    }
}
