namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>Target and headers with the attack in them.</summary>
/// <param name="Name">The place.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">Header lines beside those that every request has.</param>
/// <param name="Carried">The attack as it stands there.</param>
internal sealed record CarriedHead(string Name, string Target, IReadOnlyList<string> Headers, string Carried);

/// <summary>Places of a request's head where a text can stand.</summary>
internal static class HeadCarriers
{
    private static readonly string[] Names =
    [
        "X-Own", "Referer", "User-Agent", "Accept-Language",
        "X-Forwarded-Host", "Authorization", "X_Odd", "Via", "Range",
    ];

    public static CarriedHead Any(Random random, string path, string attack)
    {
        var padding = Padding.Short(random);
        var value = padding.TextBefore(random) + attack + padding.TextAfter(random);
        var encoded = Encodings.Percent(random, value);
        switch (random.Next(6))
        {
            case 0:
                return new CarriedHead("path segment", $"{path}/{encoded}", [], encoded);
            case 1:
                return new CarriedHead("path parameter", $"{path};v={encoded}", [], encoded);
            case 2:
                return new CarriedHead("query name", $"{path}?{Fields(padding.FieldsBefore)}{encoded}=1", [], encoded);
            case 3 when random.Next(3) == 0:
                var json = Encodings.Percent(random, $"{{\"q\":\"{Encodings.Json(random, value)}\"}}");
                return new CarriedHead("JSON in the query", $"{path}?q={json}", [], json);
            case 3:
                return new CarriedHead("query value",
                    $"{path}?{Fields(padding.FieldsBefore)}q={encoded}&z=1", [], encoded);
            case 4:
                var cookies = string.Concat(Enumerable.Range(0, padding.FieldsBefore * 3).Select(i => $"a{i}=1; "));
                if (random.Next(3) == 0)
                {
                    var quoted = $"\"{Encodings.Octal(random, value)}\"";
                    return random.Next(3) switch
                    {
                        0 => new CarriedHead(
                            "cookie over two lines", path, [$"Cookie: {cookies}q={quoted[..^1]}", "Cookie: b\""],
                            quoted[..^1]),
                        1 => new CarriedHead(
                            "cookie behind a blank", path, [$"Cookie: {cookies}p=1 q={quoted}"], quoted),
                        _ => new CarriedHead("quoted cookie", path, [$"Cookie: {cookies}q={quoted}"], quoted),
                    };
                }

                return random.Next(3) == 0
                    ? new CarriedHead("cookie name", path, [$"Cookie: {cookies}{value}=1"], value)
                    : new CarriedHead("cookie value", path, [$"Cookie: {cookies}q={value}"], value);
            default:
                if (random.Next(4) == 0) return InCredentials(random, path, value);
                var name = Names[random.Next(Names.Length)];
                return new CarriedHead($"header {name}", path, [$"{name}: {value}"], value);
        }
    }

    /// <summary>Base64 that servers and frameworks undo: user and password, and claims of a token.</summary>
    private static CarriedHead InCredentials(Random random, string path, string value)
    {
        if (random.Next(2) == 0)
        {
            var pair = random.Next(2) == 0 ? $"ann:{value}" : $"{value}:x";
            var basic = $"{(random.Next(2) == 0 ? "Basic" : "bAsIc")} {Encodings.Base64(random, pair)}";
            return new CarriedHead("basic credentials", path, [$"Authorization: {basic}"], basic);
        }

        var claim = $"{{\"a\":[1,{{\"q\":\"{Encodings.Json(random, value)}\"}}]}}";
        var token = random.Next(2) == 0
            ? $"{Encodings.Base64(random, claim)}.{Encodings.Base64(random, "{}")}.c2ln"
            : $"{Encodings.Base64(random, " {\"alg\":\"none\"}")}.{Encodings.Base64(random, claim)}.";
        return new CarriedHead("token", path, [random.Next(3) switch
        {
            0 => $"Authorization: Bearer {token}",
            1 => $"X-Own: {token}",
            _ => $"Cookie: a=1; q={token}",
        }], token);
    }

    private static string Fields(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"f{i}=tea&"));
}
