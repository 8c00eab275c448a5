using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Features;

/// <summary>Features of target and body.</summary>
internal static class StaticFeatures
{
    public static readonly Feature[] All =
    [
        new("method_get", "flag", "The method is GET", static c => c.Shape.Verb is Verb.Get ? 1 : 0),
        new("method_head", "flag", "The method is HEAD", static c => c.Shape.Verb is Verb.Head ? 1 : 0),
        new("method_post", "flag", "The method is POST", static c => c.Shape.Verb is Verb.Post ? 1 : 0),
        new("method_put", "flag", "The method is PUT", static c => c.Shape.Verb is Verb.Put ? 1 : 0),
        new("method_patch", "flag", "The method is PATCH", static c => c.Shape.Verb is Verb.Patch ? 1 : 0),
        new("method_delete", "flag", "The method is DELETE", static c => c.Shape.Verb is Verb.Delete ? 1 : 0),
        new("method_options", "flag", "The method is OPTIONS", static c => c.Shape.Verb is Verb.Options ? 1 : 0),
        new("method_other", "flag", "Another method", static c => c.Shape.Verb is Verb.Other ? 1 : 0),
        new("http_version", "number", "Protocol version: 1, 1.1, 2 or 3", static c => c.Shape.Version),
        new("path_bytes", "bytes", "Path", static c => c.Shape.PathBytes),
        new("path_depth", "count", "Segments of the path", static c => c.Shape.Depth),
        new("path_longest_segment", "bytes", "Longest segment", static c => c.Shape.LongestSegment),
        new("path_digit_share", "share", "Digits in the path", static c => c.Shape.Path.DigitShare),
        new("path_letter_share", "share", "Letters in the path", static c => c.Shape.Path.LetterShare),
        new("path_upper_share", "share", "Capital letters in the path", static c => c.Shape.Path.UpperShare),
        new("path_high_share", "share", "Bytes outside ASCII in the path", static c => c.Shape.Path.HighShare),
        new("path_special_share", "share", "Neither letters nor digits in the path",
            static c => c.Shape.Path.SpecialShare),
        new("path_escapes", "count", "Percent escapes in the path", static c => c.Shape.Path.Escapes),
        new("path_entropy", "bits", "Entropy of the path's bytes", static c => c.Shape.Path.Entropy),
        new("path_extension_bytes", "bytes", "Extension of the last segment", static c => c.Shape.ExtensionBytes),
        new("path_is_asset", "flag", "Its extension is one of page assets", static c => c.Shape.IsAsset ? 1 : 0),
        new("path_is_program", "flag", "Its extension is one of programs", static c => c.Shape.IsProgram ? 1 : 0),
        new("path_has_dot_file", "flag", "A segment begins with a dot", static c => c.Shape.HasDotFile ? 1 : 0),
        new("path_semicolons", "count", "Semicolons in the path", static c => c.Shape.Semicolons),
        new("path_backslashes", "count", "Backslashes in the path", static c => c.Shape.Backslashes),
        new("path_double_slashes", "count", "Doubled slashes in the path", static c => c.Shape.DoubleSlashes),
        new("query_has", "flag", "There is a question mark", static c => c.Shape.HasQuery ? 1 : 0),
        new("query_bytes", "bytes", "Query", static c => c.Shape.QueryBytes),
        new("query_parameters", "count", "Parameters of the query", static c => c.Shape.Parameters),
        new("query_longest_value", "bytes", "Longest value in the query", static c => c.Shape.LongestValue),
        new("query_digit_share", "share", "Digits in the query", static c => c.Shape.Query.DigitShare),
        new("query_special_share", "share", "Neither letters nor digits in the query",
            static c => c.Shape.Query.SpecialShare),
        new("query_high_share", "share", "Bytes outside ASCII in the query", static c => c.Shape.Query.HighShare),
        new("query_escapes", "count", "Percent escapes in the query", static c => c.Shape.Query.Escapes),
        new("query_entropy", "bits", "Entropy of the query's bytes", static c => c.Shape.Query.Entropy),
        new("uri_bytes", "bytes", "Path and query", static c => c.Shape.PathBytes + c.Shape.QueryBytes),
        new("body_bytes", "bytes", "Body", static c => c.Shape.BodyBytes),
        new("body_digit_share", "share", "Digits in the body's first 4 KiB", static c => c.Shape.Body.DigitShare),
        new("body_special_share", "share", "Neither letters nor digits there", static c => c.Shape.Body.SpecialShare),
        new("body_high_share", "share", "Bytes outside ASCII there", static c => c.Shape.Body.HighShare),
        new("body_escapes", "count", "Percent escapes there", static c => c.Shape.Body.Escapes),
        new("body_entropy", "bits", "Entropy of the bytes there", static c => c.Shape.Body.Entropy),
    ];
}
