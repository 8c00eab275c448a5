using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// Cuts a file into directives: a backslash at a line's end joins the next line, blank lines and lines that start with
/// <c>#</c> are left out. A comment is continued by a backslash as well, so commenting out the first line of a rule
/// comments out the rule.
/// </summary>
internal static class LogicalLines
{
    public static IEnumerable<(string Text, int Line)> Read(string source)
    {
        var at = source.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal) ? 3 : 0;
        var line = 0;
        StringBuilder? joined = null;
        var start = 0;
        while (at < source.Length)
        {
            line++;
            var end = source.IndexOf('\n', at);
            var stop = end < 0 ? source.Length : end;
            var next = end < 0 ? source.Length : end + 1;
            if (stop > at && source[stop - 1] == '\r')
            {
                stop--;
            }

            var continued = EndsWithContinuation(source, at, stop, out var content);
            if (continued || joined is not null)
            {
                start = joined is null ? line : start;
                (joined ??= new StringBuilder()).Append(source, at, content - at);
            }

            if (!continued)
            {
                var text = (joined?.ToString() ?? source[at..stop]).Trim(' ', '\t', '\r', '\v', '\f');
                if (text.Length > 0 && text[0] != '#')
                {
                    yield return (text, joined is null ? line : start);
                }

                joined = null;
            }

            at = next;
        }

        var rest = joined?.ToString().Trim();
        if (!string.IsNullOrEmpty(rest) && rest[0] != '#')
        {
            yield return (rest, start);
        }
    }

    private static bool EndsWithContinuation(string source, int start, int stop, out int content)
    {
        content = stop;
        var last = stop - 1;
        while (last >= start && (source[last] is ' ' or '\t'))
        {
            last--;
        }

        if (last < start || source[last] != '\\')
        {
            return false;
        }

        content = last;
        return true;
    }
}
