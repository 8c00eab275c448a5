namespace WafOperator.Behaviour.Features;

/// <summary>Counts in target and body together, each in at most 4 KiB of both.</summary>
internal static class ContentFeatures
{
    public static readonly Feature[] All =
    [
        new("content_input_length", "bytes", "Target and body", static c => c.Shape.Content[0]),
        new("content_single_quotes", "count", "Apostrophes", static c => c.Shape.Content[1]),
        new("content_double_quotes", "count", "Quotation marks", static c => c.Shape.Content[2]),
        new("content_sql_words", "count", "Words of SQL", static c => c.Shape.Content[3]),
        new("content_script_tags", "count", "Script elements", static c => c.Shape.Content[4]),
        new("content_javascript_urls", "count", "javascript: addresses", static c => c.Shape.Content[5]),
        new("content_semicolons", "count", "Semicolons", static c => c.Shape.Content[6]),
        new("content_sql_comments", "count", "Signs that begin comments in SQL", static c => c.Shape.Content[7]),
        new("content_parentheses", "count", "Parentheses", static c => c.Shape.Content[8]),
        new("content_equals", "count", "Equals signs", static c => c.Shape.Content[9]),
        new("content_angle_brackets", "count", "Angle brackets", static c => c.Shape.Content[10]),
        new("content_event_handlers", "count", "Event handlers of HTML", static c => c.Shape.Content[11]),
        new("content_percents", "count", "Percent signs", static c => c.Shape.Content[12]),
        new("content_hex_numbers", "count", "Numbers in hexadecimal", static c => c.Shape.Content[13]),
        new("content_dot_segments", "count", "Steps up in a path", static c => c.Shape.Content[14]),
    ];
}
