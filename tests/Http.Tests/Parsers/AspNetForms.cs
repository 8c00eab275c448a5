using System.Text;
using Microsoft.AspNetCore.Http;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>ASP.NET Core's own reader of forms, in process.</summary>
internal static class AspNetForms
{
    public static async Task<ParsedForm?> ReadAsync(string type, byte[] body)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.ContentType = type;
        http.Request.Body = new MemoryStream(body);
        try
        {
            var form = await http.Request.ReadFormAsync();
            var files = new List<string>();
            foreach (var file in form.Files)
            {
                using var content = new MemoryStream();
                await file.CopyToAsync(content);
                files.Add(Encoding.Latin1.GetString(content.ToArray()));
            }

            // Values were decoded as UTF-8; only those that survive it can be compared.
            return new ParsedForm(
                [.. form.SelectMany(pair => pair.Value).Select(value =>
                    Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value!)))],
                files);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or InvalidOperationException)
        {
            return null;
        }
    }
}
