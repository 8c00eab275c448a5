using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Mvc;

namespace WafOperator.E2e.Shop;

/// <summary>Pages for people: home, search and the contact form. They show what was entered, encoded.</summary>
internal static class Pages
{
    private const string Html = "text/html; charset=utf-8";

    public static void MapPages(this WebApplication app)
    {
        app.MapGet("/", () => Results.Content(Page("Tea shop", """
            <form action="/search"><input name="q" placeholder="green tea"><button>Search</button></form>
            <form action="/contact" method="post"><input name="name"><textarea name="message"></textarea><button>Send</button></form>
            """), Html));

        app.MapGet("/search", (string? q, HttpRequest request) =>
        {
            var found = Products.Search(q ?? "");
            if (!request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
                return Results.Ok(new SearchResult(q ?? "", found));
            var items = string.Concat(found.Select(product => $"<li>{Encode(product.Name)}: {Encode(product.Description)}</li>"));
            return Results.Content(Page($"Results for {Encode(q)}", $"<ul>{items}</ul>"), Html);
        });

        app.MapPost("/contact", ([FromForm] string name, [FromForm] string message) =>
            Results.Content(Page($"Thank you, {Encode(name)}", $"<blockquote>{Encode(message)}</blockquote>"), Html)).DisableAntiforgery();

        app.MapPost("/login", ([FromForm] string user, [FromForm] string password) =>
            password.Length >= 8 ? Results.Text($"welcome {user}") : Results.Text("wrong user or password", statusCode: 401)).DisableAntiforgery();
    }

    private static string Encode(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    private static string Page(string title, string body) =>
        $"<!doctype html><html lang=\"en\"><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>";
}
