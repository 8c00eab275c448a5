using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Tests.Harness;
using WafOperator.Scoring.Parts;
using PartKind = WafOperator.Http.PartKind;

namespace WafOperator.Proxy.Tests.Snapshots;

/// <summary>
/// Whatever path an application makes of a target: a weaker route is taken only when it lies below it, and what the
/// policy denies or counts is denied and counted. Applications are modelled by what they undo; targets are generated.
/// </summary>
public sealed class PathAgreementTests
{
    private const int Targets = 20_000;

    private static readonly string[] Pieces =
    [
        "/", "/", "/", "/", "static", "static", "admin", "login", "a", "..", "..", ".", "%2e%2e", "%252e%252e", ".%2e",
            "..;",
        "..;x=1", ";a=b", "%3b", "%253b", "%2f", "%252f", "%5c", "%255c", "\\", "//", "%20", "%2520", ".", "%00",
            "ADMIN",
        "%61dmin", "%2561dmin", "St", "%73tatic", "...", "%c0%ae%c0%ae", "%u002e", "%",
    ];

    private static readonly PolicyDocument Document = TestSidecar.Policy(InspectionMode.Enforce) with
    {
        Routes =
        [
            new RoutePolicy { PathPrefix = "/static", Mode = InspectionMode.Off },
            new RoutePolicy { PathPrefix = "/static/a", Body = new BodyInspection { Mode =
                BodyInspectionKind.HeadersOnly } },
        ],
        AccessLists = new AccessLists { DenyPaths = ["/admin"] },
        RateLimits = [new RateLimit { Name = "admin", PathPrefix = "/admin", Requests = 1, Burst = 1, Period =
            TimeSpan.FromDays(1) }],
    };

    public static TheoryData<string> Known =>
    [
        "/static/..;/login", "/login/..%2fstatic/x", "/search/x%252f..%252f..%252fstatic/",
            "/index.php/..%2f..%2fstatic/",
        "/a/..%5cstatic", "/static/..%5clogin", "/static\\..\\login", "/static/%2e%2e/login",
            "/static/a\\b/../../../login",
        "/static/a%2fb/../../../login", "/static%2flogin", "/static/..%00/login", "/static/.;/../login",
            "/static/../login",
        "//static/../login", "/static/%25252e%25252e/login", "/%73tatic/../login",
    ];

    public static TheoryData<string> Denied =>
    [
        "/admin", "/admin/x", "/admin;x", "/admin%3b", "/;/admin", "/admin%20", "/admin.", "/ADMIN", "//admin",
            "/x/../admin",
        "/x/..;/admin", "/x/..%2fadmin", "/%61dmin", "/%2561dmin", "/./admin", "/admin/..;/x", "\\admin",
            "/x%5c..%5cadmin",
        "/admin%00", "/Admin;jsessionid=1/x",
    ];

    [Theory, MemberData(nameof(Known))]
    public void Route_ThatAnApplicationMayReadOtherwise_IsNotTheWeakerOne(string target)
    {
        var route = new RouteTable(Document).Find(Request(target));

        Assert.Equal((InspectionMode.Enforce, BodyInspectionKind.Buffered), (route.Mode, route.Body.Mode));
    }

    [Theory]
    [InlineData("/static")]
    [InlineData("/static/x.css")]
    [InlineData("/static/x.min.css?v=../..;%2f")]
    [InlineData("/static/My%20Photo.jpg")]
    [InlineData("/static/k%C3%A4se/100%25.txt")]
    [InlineData("/static//x.css")]
    [InlineData("/static/x;jsessionid=1")]
    [InlineData("/static/.well-known/x")]
    public void Route_OfOrdinaryPaths_IsTheirs(string target) =>
        Assert.Equal(InspectionMode.Off, new RouteTable(Document).Find(Request(target)).Mode);

    /// <summary>
    /// Frameworks take these headers for the path: what a client writes there is another reading of it.
    /// </summary>
    [Theory]
    [InlineData("/static/x.css", "/login", InspectionMode.Enforce)]
    [InlineData("/static/x.css", "/login?a=x://y/static", InspectionMode.Enforce)]
    [InlineData("/static/x.css", "https://shop/login?a=/static", InspectionMode.Off)]
    [InlineData("/static/x.css", "login", InspectionMode.Enforce)]
    [InlineData("/static/x.css", "/static/..;/login", InspectionMode.Enforce)]
    [InlineData("/static/x.css", "/static/y.css#/login", InspectionMode.Off)]
    [InlineData("/login", "/static/y.css", InspectionMode.Enforce)]
    public void Route_OfARequestThatNamesAnotherPath_IsTheStrictestOfBoth(
        string target, string other, InspectionMode expected)
    {
        var request = Request(target);
        request.NameOtherTarget(other);

        Assert.Equal(expected, new RouteTable(Document).Find(request).Mode);
    }

    [Theory, MemberData(nameof(Denied))]
    public void Deny_EverySpellingInAnotherTarget_IsDenied(string target)
    {
        var request = Request("/shop");
        request.NameOtherTarget(target);

        Assert.Equal(AccessOutcome.PathDenied, new AccessProgram(Document.AccessLists).Judge(Address.None, request));
    }

    /// <summary>Express, IIS and ASP.NET do not tell upper from lower case.</summary>
    [Theory]
    [InlineData("/", "/login", "/LOGIN", InspectionMode.Enforce)]
    [InlineData("/", "/Login", "/login/x", InspectionMode.Enforce)]
    [InlineData("/", "/API", "/;/API/x", InspectionMode.Enforce)]
    [InlineData("/", "/API", "/api/%78", InspectionMode.Enforce)]
    [InlineData("/", "/login", "/loginx", InspectionMode.Off)]
    [InlineData("/Static", "", "/Static/x", InspectionMode.Off)]
    [InlineData("/", "/gr\u00f6\u00dfe", "/gr%C3%B6%C3%9Fe", InspectionMode.Enforce)]
    [InlineData("/Static", "", "/static/x", InspectionMode.Enforce)]
    public void Route_WhereCaseDecides_IsTheStrictest(string off, string strict, string target, InspectionMode expected)
    {
        var document = Document with
        {
            Routes =
            [
                new RoutePolicy { PathPrefix = off, Mode = InspectionMode.Off },
                .. strict.Length == 0 ? (IEnumerable<RoutePolicy>)[] : [new RoutePolicy { PathPrefix = strict }],
            ],
        };

        Assert.Equal(expected, new RouteTable(document).Find(Request(target)).Mode);
    }

    [Theory, MemberData(nameof(Denied))]
    public void Deny_EverySpelling_IsDenied(string target) =>
        Assert.Equal(AccessOutcome.PathDenied, new AccessProgram(Document.AccessLists).Judge(Address.None,
            Request(target)));

    [Theory]
    [InlineData("/")]
    [InlineData("/administration")]
    [InlineData("/x/admin")]
    [InlineData("/shop?next=/admin")]
    public void Deny_OtherPaths_Pass(string target) =>
        Assert.Equal(AccessOutcome.Pass, new AccessProgram(Document.AccessLists).Judge(Address.None, Request(target)));

    [Fact]
    public void GeneratedTargets_WhateverAnApplicationUndoes_NothingIsWeakened()
    {
        var random = new Random(20261129);
        var routes = new RouteTable(Document);
        var access = new AccessProgram(Document.AccessLists);
        var (weak, strict, denied) = (0, 0, 0);
        for (var round = 0; round < Targets; round++)
        {
            var target = "/" + string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ =>
                Pieces[random.Next(Pieces.Length)]));
            var request = Request(target);
            var paths = Applications(target).Distinct(StringComparer.Ordinal).ToList();
            var isOutside = paths.Any(path => !IsBelow(path, "/static"));
            var route = routes.Find(request);
            if (isOutside)
            {
                Assert.True(route.Mode is InspectionMode.Enforce, target);
                strict++;
            }
            else if (route.Mode is InspectionMode.Off)
            {
                weak++;
            }

            if (!paths.Any(path => IsBelow(path.ToLowerInvariant(), "/admin"))) continue;
            denied++;
            Assert.True(access.Judge(Address.None, request) is AccessOutcome.PathDenied, target);
            var limits = new RateLimitProgram(Document.RateLimits, new FakeTimeProvider());
            limits.Take(Address.None, request);
            Assert.True(limits.Take(Address.None, request).Limit is not null, target);
        }

        // The generator reaches all three.
        Assert.True(weak > 50 && strict > 1_000 && denied > 500, $"{weak} {strict} {denied}");
    }

    /// <summary>
    /// Paths that applications make of a target: escapes undone none to three times, and what else they forgive.
    /// </summary>
    private static IEnumerable<string> Applications(string target)
    {
        var path = Encoding.Latin1.GetBytes(target);
        for (var rounds = 0; rounds <= 3; rounds++)
        {
            var text = Encoding.Latin1.GetString(path);
            foreach (var isBackslash in new[] { false, true })
            foreach (var dropsParameters in new[] { false, true })
            foreach (var trims in new[] { false, true })
                yield return Resolve(text, isBackslash, dropsParameters, trims);
            var ignored = Anomalies.None;
            var output = new byte[path.Length];
            var length = Http.Decoding.PercentDecoder.Decode(path, output, false, ref ignored);
            path = output[..length];
        }
    }

    private static string Resolve(string path, bool isBackslash, bool dropsParameters, bool trims)
    {
        var segments = new List<string>();
        foreach (var part in (isBackslash ? path.Replace('\\', '/') : path).Split('/'))
        {
            var segment = dropsParameters ? part.Split(';')[0] : part;
            if (segment == ".." && segments.Count > 0) segments.RemoveAt(segments.Count - 1);
            if (segment is ".." or "." or "") continue;
            if (trims) segment = segment.TrimEnd('.', ' ');
            if (segment.Length > 0) segments.Add(segment);
        }

        return "/" + string.Join('/', segments);
    }

    private static bool IsBelow(string path, string prefix) =>
        path == prefix || path.StartsWith(prefix + "/", StringComparison.Ordinal);

    private static CanonicalRequest Request(string target)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", target, "HTTP/1.1");
        request.AddHeader("Host", "shop");
        request.EndHeaders();
        return request;
    }
}
