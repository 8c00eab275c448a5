using System.Text;
using System.Text.Json;

namespace WafOperator.Conformance;

/// <summary>
/// The application behind the firewall, as suites expect it: it answers what the test says, <c>/reflect</c> answers
/// what the request's JSON says, <c>/anything</c> sends the body back, and all else is an empty page.
/// </summary>
internal static class CrsBackend
{
    public static CrsResponse Answer(CrsInput input, byte[] body)
    {
        if (input.Response is { } given)
        {
            return given;
        }

        var path = input.Uri.Split('?')[0];
        if (path == "/reflect" && body.Length > 0)
        {
            return Reflect(body);
        }

        return path.StartsWith("/anything", StringComparison.Ordinal) && body.Length > 0
            ? new CrsResponse { Body = body }
            : new CrsResponse();
    }

    private static CrsResponse Reflect(byte[] body)
    {
        var response = new CrsResponse();
        JsonDocument wanted;
        try
        {
            wanted = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return new CrsResponse { Status = 400 };
        }

        using (wanted)
        {
            foreach (var member in wanted.RootElement.EnumerateObject())
            {
                response = member.Name switch
                {
                    "status" => response with { Status = member.Value.GetInt32() },
                    "headers" => response with
                    {
                        Headers = [.. member.Value.EnumerateObject()
                            .Select(header => (header.Name, header.Value.GetString() ?? ""))],
                    },
                    "body" => response with { Body = Encoding.UTF8.GetBytes(member.Value.GetString() ?? "") },
                    "encodedBody" => response with { Body = member.Value.GetBytesFromBase64() },
                    _ => response,
                };
            }
        }

        return response;
    }
}
