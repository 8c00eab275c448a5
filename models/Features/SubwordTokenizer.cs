using System.Buffers.Binary;
using System.Numerics;

namespace WafOperator.Features;

/// <summary>
/// Cuts normalised values into the subwords of a vocabulary (models/training/wafml/subwords.py is the specification;
/// golden/subwords.jsonl holds both equal). Works on bytes, so text that is no UTF-8 is cut like any other; allocates
/// nothing, and takes time in proportion to the bytes whatever they are, as words are short. Thread-safe.
/// </summary>
public sealed class SubwordTokenizer
{
    internal const int LettersMax = 24;
    internal const int DigitsMax = 4;
    internal const int SignsMax = 8;

    /// <summary>Bytes of the longest word: a space and letters.</summary>
    internal const int WordBytesMax = LettersMax + 1;

    /// <summary>Bytes of a file that is read at all.</summary>
    public const int FileBytesMax = SubwordVocabulary.FileBytesMax;

    private const int NoMerge = int.MaxValue;

    private static readonly byte[] Kinds = KindOfEachByte();

    private readonly SubwordVocabulary _vocabulary;
    private readonly WordTable _words;
    private readonly PairTable _pairs;

    private SubwordTokenizer(SubwordVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _pairs = new PairTable(vocabulary.Merges.Length);
        for (var i = 0; i < vocabulary.Merges.Length; i++)
        {
            var (left, right) = vocabulary.Merges[i];
            _pairs.Add(left, right, SubwordVocabulary.ByteBase + 256 + i);
        }

        _words = WholeWords();
    }

    /// <summary>Number of tokens, special ones included.</summary>
    public int Count => _vocabulary.Count;

    /// <summary>
    /// The tokenizer of a <c>tokenizer.json</c> (at most <see cref="FileBytesMax"/> bytes), or null
    /// with the reason.
    /// </summary>
    public static SubwordTokenizer? Read(ReadOnlySpan<byte> file, out string? error) =>
        SubwordVocabulary.Read(file, out error) is { } vocabulary ? new SubwordTokenizer(vocabulary) : null;

    /// <summary>How many special tokens there are; they have the first numbers.</summary>
    public static int SpecialCount => SubwordVocabulary.Special.Length;

    /// <summary>The number of a special token, -1 for a name that is none.</summary>
    public static int Special(string name) => Array.IndexOf(SubwordVocabulary.Special, name);

    /// <summary>The bytes that a token stands for; none for a special one.</summary>
    public ReadOnlySpan<byte> BytesOf(int token) => _vocabulary.BytesOf(token);

    /// <summary>
    /// Writes the value's tokens as far as there is room and returns how many it has, which may be more than were
    /// written (never more than its bytes).
    /// </summary>
    public int Encode(ReadOnlySpan<byte> value, Span<int> tokens)
    {
        var count = 0;
        Span<int> word = stackalloc int[WordBytesMax];
        while (!value.IsEmpty)
        {
            var bytes = value[..WordLength(value)];
            value = value[bytes.Length..];
            var whole = bytes.Length == 1 ? SubwordVocabulary.ByteBase + bytes[0] : _words.Find(bytes);
            if (whole >= 0)
            {
                if (count < tokens.Length) tokens[count] = whole;
                count++;
                continue;
            }

            var pieces = Merge(bytes, word);
            if (count < tokens.Length)
            {
                var kept = Math.Min(pieces, tokens.Length - count);
                word[..kept].CopyTo(tokens[count..]);
            }

            count += pieces;
        }

        return count;
    }

    /// <summary>The bytes of the word that a value begins with.</summary>
    internal static int WordLength(ReadOnlySpan<byte> value)
    {
        var start = value[0] == ' ' && value.Length > 1 && Kinds[value[1]] != White ? 1 : 0;
        var kind = Kinds[value[start]];
        if (kind == White) return 1;
        var most = Math.Min(value.Length, start + kind);
        var end = start + 1;
        while (end < most && Kinds[value[end]] == kind)
        {
            end++;
        }

        return end;
    }

    /// <summary>Joins the neighbours with the lowest merge, the leftmost first, until no pair has one.</summary>
    private int Merge(ReadOnlySpan<byte> word, Span<int> ids)
    {
        Span<int> merges = stackalloc int[WordBytesMax];
        var count = word.Length;
        for (var i = 0; i < count; i++)
        {
            ids[i] = SubwordVocabulary.ByteBase + word[i];
        }

        for (var i = 0; i + 1 < count; i++)
        {
            merges[i] = _pairs.Find(ids[i], ids[i + 1]);
        }

        while (count > 1)
        {
            var best = 0;
            for (var i = 1; i + 1 < count; i++)
            {
                if (merges[i] < merges[best]) best = i;
            }

            if (merges[best] == NoMerge) break;
            ids[best] = merges[best];
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            if (best + 2 < count) merges[(best + 2)..(count - 1)].CopyTo(merges[(best + 1)..]);
            count--;
            if (best > 0) merges[best - 1] = _pairs.Find(ids[best - 1], ids[best]);
            if (best + 1 < count) merges[best] = _pairs.Find(ids[best], ids[best + 1]);
        }

        return count;
    }

    /// <summary>Words that are one token in the end: most of what is read, found without merging.</summary>
    private WordTable WholeWords()
    {
        var table = new WordTable(_vocabulary, BitsFor(Count));
        Span<int> ids = stackalloc int[WordBytesMax];
        for (var token = SubwordVocabulary.ByteBase + 256; token < Count; token++)
        {
            var bytes = _vocabulary.BytesOf(token);
            if (bytes.Length <= WordBytesMax && WordLength(bytes) == bytes.Length && Merge(bytes, ids) == 1)
                table.Add(bytes, token);
        }

        return table;
    }

    /// <summary>Bits of a slot's number in a table of so many entries that is at most half full.</summary>
    private static int BitsFor(int entries) => 2 + BitOperations.Log2((uint)Math.Max(2, entries));

    private const byte White = 0;

    /// <summary>How many bytes of its kind a word has at most, which also tells the kinds apart.</summary>
    private static byte[] KindOfEachByte()
    {
        var kinds = new byte[256];
        for (var b = 0; b < 256; b++)
        {
            kinds[b] = b switch
            {
                <= 0x20 or 0x7f => White,
                '_' or >= 0x80 or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') => LettersMax,
                >= '0' and <= '9' => DigitsMax,
                _ => SignsMax,
            };
        }

        return kinds;
    }

    /// <summary>
    /// Merges by their two tokens: open addressing, at most half full. Both tokens and what they make are one number,
    /// so that a look-up waits for memory once.
    /// </summary>
    private sealed class PairTable
    {
        private readonly ulong[] _slots;
        private readonly int _shift;

        public PairTable(int count)
        {
            var bits = BitsFor(count);
            (_slots, _shift) = (new ulong[1 << bits], 32 - bits);
            Array.Fill(_slots, (ulong)NoMerge);
        }

        public void Add(int left, int right, int merge)
        {
            var key = Key(left, right);
            var at = Slot(key);
            while ((int)_slots[at] != NoMerge)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            _slots[at] = ((ulong)key << 32) | (uint)merge;
        }

        public int Find(int left, int right)
        {
            var key = Key(left, right);
            var at = Slot(key);
            while ((int)_slots[at] != NoMerge && (uint)(_slots[at] >> 32) != key)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            return (int)_slots[at];
        }

        /// <summary>Tokens are below 65,536 (<see cref="SubwordVocabulary.TokensMax"/>).</summary>
        private static uint Key(int left, int right) => ((uint)left << 16) | (uint)right;

        private int Slot(uint key) => (int)(key * 0x9e3779b1 >> _shift);
    }

    /// <summary>
    /// Tokens by their bytes: open addressing, at most half full. A slot is sixteen bits of the hash and the token,
    /// which is below 65,536 and never the first: small enough to stay in a core's own cache.
    /// </summary>
    private sealed class WordTable(SubwordVocabulary vocabulary, int bits)
    {
        private readonly uint[] _slots = new uint[1 << bits];

        public void Add(ReadOnlySpan<byte> word, int token)
        {
            var hash = Hash(word);
            var at = (int)(hash >> (32 - bits));
            while (_slots[at] != 0)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            _slots[at] = (hash << 16) | (uint)token;
        }

        public int Find(ReadOnlySpan<byte> word)
        {
            var hash = Hash(word);
            for (var at = (int)(hash >> (32 - bits)); _slots[at] != 0; at = (at + 1) & (_slots.Length - 1))
            {
                var slot = _slots[at];
                if (slot >> 16 != (hash & 0xffff)) continue;
                var token = (int)(slot & 0xffff);
                if (vocabulary.BytesOf(token).SequenceEqual(word)) return token;
            }

            return -1;
        }

        /// <summary>Eight bytes at a time; the last ones of a word are read again rather than one by one.</summary>
        private static uint Hash(ReadOnlySpan<byte> word)
        {
            var hash = (ulong)word.Length * 0x9e3779b97f4a7c15;
            for (var rest = word; rest.Length > 8; rest = rest[8..])
            {
                hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(rest)) * 0xff51afd7ed558ccd;
                hash ^= hash >> 32;
            }

            hash = (hash ^ Tail(word)) * 0x9e3779b97f4a7c15;
            return (uint)(hash >> 32);
        }

        private static ulong Tail(ReadOnlySpan<byte> word) => word.Length switch
        {
            >= 8 => BinaryPrimitives.ReadUInt64LittleEndian(word[^8..]),
            >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(word)
                | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(word[^4..]) << 32),
            _ => word[0] | ((ulong)word[word.Length / 2] << 8) | ((ulong)word[^1] << 16),
        };
    }
}
