using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Fixtures;

namespace WafOperator.Features.Tests;

public sealed class SubwordTokenizerTests
{
    private static readonly byte[] File = System.IO.File.ReadAllBytes(GoldenPath("tokenizer.json"));
    private static readonly SubwordTokenizer Tokenizer = SubwordTokenizer.Read(File, out _)!;

    private static readonly JsonElement[] Golden =
    [
        .. System.IO.File.ReadLines(GoldenPath("subwords.jsonl")).Select(line => JsonDocument.Parse(line).RootElement),
    ];

    [Fact]
    public void Encode_EveryGoldenValue_EqualsTraining()
    {
        var values = Golden.Where(line => line.TryGetProperty("tokens", out _)).ToList();
        Assert.True(values.Count > 400);
        Assert.All(values, line =>
        {
            int[] expected = [.. line.GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32())];
            Assert.Equal(expected, Encode(line.GetProperty("text").GetBytesFromBase64()));
        });
    }

    [Fact]
    public void Rows_EveryGoldenRequest_EqualTraining()
    {
        var requests = Golden.Where(line => line.TryGetProperty("method", out _)).ToList();
        Assert.Contains(requests, line => line.GetProperty("unread").GetInt32() > 0);
        Assert.Contains(requests, line => line.GetProperty("rows").GetInt32() == 1);
        var reused = new[] { 128, 256, 512 }.ToDictionary(length => length, l => new RequestSequencer(Tokenizer, l));
        Assert.All(requests, line =>
        {
            var length = line.GetProperty("length").GetInt32();
            var sequencer = reused[length];
            sequencer.Begin(line.GetProperty("method").GetString());
            foreach (var value in line.GetProperty("values").EnumerateArray())
            {
                sequencer.Add(
                    (RequestSection)value[0].GetInt32(), value[1].GetInt32(), (ValueFlags)value[2].GetInt32(),
                    value[3].GetBytesFromBase64());
            }

            Assert.Equal(line.GetProperty("rows").GetInt32(), sequencer.Rows);
            Assert.Equal(line.GetProperty("unread").GetInt32(), sequencer.Unread);
            Assert.Equal(line.GetProperty("digest").GetString(), Digest(sequencer, length));
        });
    }

    [Fact]
    public void Encode_AnyBytes_TokensAreTheBytes()
    {
        var random = new Random(20261130);
        for (var i = 0; i < 2_000; i++)
        {
            var value = new byte[random.Next(120)];
            random.NextBytes(value);
            Assert.Equal(value, Encode(value).SelectMany(token => Tokenizer.BytesOf(token).ToArray()));
        }
    }

    [Theory]
    [InlineData((byte)'a', SubwordTokenizer.LettersMax)]
    [InlineData((byte)'7', SubwordTokenizer.DigitsMax)]
    [InlineData((byte)'\'', SubwordTokenizer.SignsMax)]
    [InlineData((byte)' ', 1)]
    [InlineData((byte)0xff, SubwordTokenizer.LettersMax)]
    public void Encode_MegabyteOfOneByte_IsCutIntoShortWords(byte b, int wordBytes)
    {
        var value = new byte[1 << 20];
        value.AsSpan().Fill(b);
        Assert.Equal(wordBytes, SubwordTokenizer.WordLength(value));
        var tokens = new int[value.Length];
        var count = Tokenizer.Encode(value, tokens);
        Assert.InRange(count, value.Length / wordBytes, value.Length);
        Assert.Equal(value.Length, tokens.Take(count).Sum(token => Tokenizer.BytesOf(token).Length));
    }

    [Fact]
    public void Encode_TooLittleRoom_WritesTheFirstAndCountsAll()
    {
        var value = Encoding.UTF8.GetBytes("q=1' union select name from users where zzqx=%3d7 -- ");
        var all = Encode(value);
        for (var room = 0; room < all.Length; room++)
        {
            var tokens = new int[room];
            Assert.Equal(all.Length, Tokenizer.Encode(value, tokens));
            Assert.Equal(all.Take(room), tokens);
        }
    }

    [Fact]
    public void Encode_TextThatSpellsSpecialTokens_IsText() =>
        Assert.All(
            SubwordVocabulary.Special,
            name => Assert.DoesNotContain(
                Encode(Encoding.ASCII.GetBytes(name)), token => token < SubwordVocabulary.ByteBase));

    [Fact]
    public void EncodeAndRows_AnyRequest_AllocateNothing()
    {
        var value = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("it's a select <b>few</b> zzqx ", 200)));
        var sequencer = new RequestSequencer(Tokenizer, 128);
        var row = new int[128];
        var marker = SubwordTokenizer.Special("<BODY>");
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            sequencer.Begin("POST");
            sequencer.Add(RequestSection.Body, marker, ValueFlags.Percent, value);
            for (var i = 0; i < sequencer.Rows; i++)
            {
                sequencer.Row(i, row);
            }
        }));
    }

    [Fact]
    public void Special_IsTheListOfTheFile()
    {
        var added = JsonNode.Parse(File)!["added_tokens"]!.AsArray().Select(t => (string?)t!["content"]);
        Assert.Equal(added, SubwordVocabulary.Special);
        Assert.Equal(-1, SubwordTokenizer.Special("select"));
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "model.type", "not BPE" },
        { "added_tokens", "other special tokens" },
        { "pattern", "another way" },
        { "merges", "merge 0" },
        { "twice", "made before" },
        { "vocab", "belong together" },
        { "missing", "not in the format" },
        { "sides", "not in the format" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void Read_ChangedFile_IsRefusedWithTheReason(string change, string reason)
    {
        var file = JsonNode.Parse(File)!;
        var model = file["model"]!;
        var merges = model["merges"]!.AsArray();
        switch (change)
        {
            case "model.type": model["type"] = "Unigram"; break;
            case "added_tokens": file["added_tokens"]!.AsArray().RemoveAt(7); break;
            case "pattern": file["pre_tokenizer"]!["pretokenizers"]![1]!["pattern"]!["Regex"] = "."; break;
            case "merges": merges[0] = "select from"; break;
            case "twice": merges.Add((string)merges[0]!); break;
            case "vocab": model["vocab"]!["a"] = 3; break;
            case "missing": file.AsObject().Remove("pre_tokenizer"); break;
            default: merges[0] = "a"; break;
        }

        Assert.Null(SubwordTokenizer.Read(Encoding.UTF8.GetBytes(file.ToJsonString()), out var error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoJsonOrTooLong_IsRefusedWithTheReason()
    {
        Assert.Null(SubwordTokenizer.Read("{"u8, out var error));
        Assert.Contains("not in the format", error, StringComparison.Ordinal);
        Assert.Null(SubwordTokenizer.Read(new byte[SubwordTokenizer.FileBytesMax + 1], out error));
        Assert.Contains("at most", error, StringComparison.Ordinal);
    }

    private static string GoldenPath(string name) => Path.Combine(AppContext.BaseDirectory, "golden", name);

    private static int[] Encode(byte[] value)
    {
        var tokens = new int[value.Length];
        return tokens[..Tokenizer.Encode(value, tokens)];
    }

    /// <summary>As golden_subwords.py computes it.</summary>
    private static string Digest(RequestSequencer sequencer, int length)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var row = new int[length];
        for (var i = 0; i < sequencer.Rows; i++)
        {
            var count = sequencer.Row(i, row);
            writer.Write(count);
            foreach (var token in row.Take(count))
            {
                writer.Write(token);
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(stream.ToArray()));
    }
}
