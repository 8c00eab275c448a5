using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Challenges;

/// <summary>Whether a request is a person's browser going to a page: only those can be shown one. Pure.</summary>
internal static class Navigation
{
    /// <summary>
    /// By what browsers say of it (Fetch Metadata), else by whether a page is asked for. Others (calls of scripts,
    /// images, feeds, programs) get an answer for programs.
    /// </summary>
    public static bool Is(HttpRequest request)
    {
        var isMethod = HttpMethods.IsGet(request.Method) || HttpMethods.IsPost(request.Method);
        if (!isMethod || request.Headers.ContainsKey("Upgrade")) return false;
        if (request.Headers.TryGetValue("Sec-Fetch-Mode", out var mode))
        {
            return mode.ToString() is "navigate" && request.Headers["Sec-Fetch-Dest"].ToString()
                is "document" or "iframe" or "frame" or "";
        }

        return !request.Headers.ContainsKey("X-Requested-With")
            && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }
}
