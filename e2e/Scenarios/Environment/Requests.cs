using System.Net;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>Requests that scenarios send.</summary>
public static class Requests
{
    public const string SqlInjection = "/search?q=1%27%20UNION%20SELECT%20user%2Cpassword%20FROM%20users--%20-";
    public const string Search = "/search?q=green+tea";

    public static async Task<HttpStatusCode> StatusAsync(this HttpClient client, string target)
    {
        using var response = await client.GetAsync(target);
        return response.StatusCode;
    }

    public static async Task BlockedAsync(this HttpClient client, string target = SqlInjection) =>
        Assert.Equal(HttpStatusCode.Forbidden, await client.StatusAsync(target));

    public static async Task PassesAsync(this HttpClient client, string target = Search) =>
        Assert.Equal(HttpStatusCode.OK, await client.StatusAsync(target));
}
