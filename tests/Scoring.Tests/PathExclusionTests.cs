using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests;

/// <summary>An exclusion for a path takes no other path with it, however that is spelled.</summary>
public sealed class PathExclusionTests
{
    [Theory]
    [InlineData("/static/x.css", true)]
    [InlineData("/static/My%20Photo.jpg", true)]
    [InlineData("/static/x?next=/../;", true)]
    [InlineData("/static/..;/login", false)]
    [InlineData("/static/..%2flogin", false)]
    [InlineData("/static/a%2fb", false)]
    [InlineData("/static//x", false)]
    [InlineData("/static/x;v=1", false)]
    [InlineData("/login/..%2fstatic/x", false)]
    [InlineData("/static/%252e%252e/login", false)]
    public void MatchesRequest_OnlyWhereProgramsAgree(string target, bool expected)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", target, "HTTP/1.1");
        request.AddHeader("Host", "shop");
        request.EndHeaders();

        var exclusion = new ModelExclusion(new Exclusion { Name = "static", Path = "/static/*", Models = ["gate"] });

        Assert.Equal(expected, exclusion.MatchesRequest(request));
    }
}
