namespace WafOperator.Http.Bodies;

/// <summary>
/// What a reader of XML or HTML makes of a text with markup in it: the texts joined, without the tags, comments and
/// instructions between them, their references undone; then values of attributes that hold references. A tokenizer that
/// takes what it can, not a validator: linear, no recursion. Pure.
/// </summary>
internal static class MarkupText
{
    /// <summary>A document within a value begins within so many bytes: whatever stands before it.</summary>
    private const int StartBytesMax = 1024;

    /// <summary>True where markup may be in a text.</summary>
    public static bool IsLikely(ReadOnlySpan<byte> text)
    {
        var head = text[..Math.Min(text.Length, StartBytesMax)];
        for (var at = head.IndexOf((byte)'<'); at >= 0;)
        {
            if (IsMarkup(text[at..])) return text[at..].IndexOf((byte)'>') >= 0;
            var next = head[(at + 1)..].IndexOf((byte)'<');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    /// <summary>
    /// Writes the texts; 0 where they say nothing that the text as it is does not: one piece without references. Never
    /// more bytes than the text has.
    /// </summary>
    public static int Plain(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var walk = new Walk(text, output);
        walk.Run();
        return walk.IsNews ? walk.Written : 0;
    }

    private static bool IsMarkup(ReadOnlySpan<byte> text) =>
        text.Length > 2 && text[0] == '<' && (text[1] is (byte)'!' or (byte)'?' or (byte)'/' || IsNameStart(text[1]));

    private static bool IsNameStart(byte value) =>
        char.IsAsciiLetter((char)value) || value is (byte)'_' or (byte)':' or >= 0x80;

    private ref struct Walk(ReadOnlySpan<byte> text, Span<byte> output)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly Span<byte> _output = output;
        private int _position;
        private int _pieces;
        private bool _hasReferences;
        private bool _isForAttributes;
        private bool _isNewPiece = true;

        public int Written { get; private set; }

        public readonly bool IsNews => Written > 0 && (_pieces > 1 || _hasReferences);

        public void Run()
        {
            Texts();
            (_position, _isForAttributes) = (0, true);
            Texts();
        }

        private void Texts()
        {
            var isMarkup = true;
            while (_position < _text.Length)
            {
                var rest = _text[_position..];
                var next = isMarkup ? rest.IndexOf((byte)'<') : -1;
                if (next < 0) next = rest.Length;
                if (next > 0) Add(rest[..next], isEscaped: true);
                _position += next;
                if (_position == _text.Length) return;
                rest = _text[_position..];
                var length = IsMarkup(rest) ? Skip(rest) : 1;
                // What does not end has nothing behind it that another mark could begin in.
                isMarkup = length > 0;
                if (length <= 1) Add(rest[..1], isEscaped: false);
                else _isNewPiece = true;
                _position += Math.Max(1, length);
            }
        }

        /// <summary>Bytes of the markup that a text begins with; 0 when it does not end.</summary>
        private int Skip(ReadOnlySpan<byte> rest)
        {
            if (rest.StartsWith("<!--"u8)) return End(rest, 4, "-->"u8);
            if (rest.StartsWith("<?"u8)) return End(rest, 2, "?>"u8);
            if (rest.StartsWith("<![CDATA["u8))
            {
                var length = End(rest, 9, "]]>"u8);
                _isNewPiece = true;
                if (length > 0) Add(rest[9..(length - 3)], isEscaped: false);
                return length;
            }

            if (!rest.StartsWith("<!"u8)) return SkipTag(rest);
            // A document type with declarations of its own ends behind them.
            var end = rest.IndexOf((byte)'>');
            var inner = end < 0 ? -1 : rest[..end].IndexOf((byte)'[');
            return inner < 0 ? end + 1 : End(rest, inner, "]>"u8);
        }

        private static int End(ReadOnlySpan<byte> rest, int opening, ReadOnlySpan<byte> closing)
        {
            var end = rest[opening..].IndexOf(closing);
            return end < 0 ? 0 : opening + end + closing.Length;
        }

        private int SkipTag(ReadOnlySpan<byte> rest)
        {
            var length = TagLength(rest);
            if (_isForAttributes && length > 0 && rest[..length].Contains((byte)'&')) AddAttributes(rest[..length]);
            return length;
        }

        private static int TagLength(ReadOnlySpan<byte> rest)
        {
            for (var at = 1; at < rest.Length;)
            {
                var next = rest[at..].IndexOfAny((byte)'>', (byte)'"', (byte)'\'');
                if (next < 0) return 0;
                at += next;
                if (rest[at] == '>') return at + 1;
                var length = rest[(at + 1)..].IndexOf(rest[at]);
                if (length < 0) return 0;
                at += length + 2;
            }

            return 0;
        }

        /// <summary>The quotes around a value make room for the line feed before it.</summary>
        private void AddAttributes(ReadOnlySpan<byte> tag)
        {
            while (tag.IndexOfAny((byte)'"', (byte)'\'') is >= 0 and var start)
            {
                var length = tag[(start + 1)..].IndexOf(tag[start]);
                var value = tag.Slice(start + 1, length);
                tag = tag[(start + length + 2)..];
                if (!value.Contains((byte)'&')) continue;
                _output[Written++] = (byte)'\n';
                Decode(value);
            }
        }

        private void Add(ReadOnlySpan<byte> piece, bool isEscaped)
        {
            if (_isForAttributes || piece.IsEmpty) return;
            if (_isNewPiece && !piece.Trim(" \t\r\n"u8).IsEmpty)
            {
                _pieces++;
                _isNewPiece = false;
            }

            if (isEscaped && piece.Contains((byte)'&'))
            {
                Decode(piece);
                return;
            }

            piece.CopyTo(_output[Written..]);
            Written += piece.Length;
        }

        private void Decode(ReadOnlySpan<byte> piece)
        {
            var written = XmlText.Decode(piece, _output[Written..]);
            _hasReferences |= written < piece.Length;
            Written += written;
        }
    }
}
