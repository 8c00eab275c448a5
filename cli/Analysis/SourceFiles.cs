using System.Text;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Analysis;

/// <summary>Reads what <c>-f</c> names: files, folders (as kubectl reads them, one level), and <c>-</c>.</summary>
internal static class SourceFiles
{
    /// <summary>Bytes of one file.</summary>
    public const int BytesMax = 16 << 20;

    /// <summary>Files of one call.</summary>
    public const int FilesMax = 2_000;

    private static readonly string[] Extensions = [".yaml", ".yml", ".json", ".conf", ".seclang"];

    public static IReadOnlyList<SourceText> Read(IEnumerable<string> names, CliEnvironment environment)
    {
        var result = new List<SourceText>();
        foreach (var name in names.SelectMany(Expand))
        {
            if (result.Count == FilesMax)
                throw new CliException($"more than {FilesMax} files", "name fewer folders", ExitCodes.Usage);
            result.Add(name == "-" ? new("-", Text(environment.In(), "standard input"))
                : new(name, Text(Open(name), name)));
        }

        return result;
    }

    /// <summary>One file's text.</summary>
    public static string ReadOne(string name, CliEnvironment environment) =>
        name == "-" ? Text(environment.In(), "standard input") : Text(Open(name), name);

    private static IEnumerable<string> Expand(string name)
    {
        if (!Directory.Exists(name)) return [name];
        var files = Directory.EnumerateFiles(name)
            .Where(file => Extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files
            : throw new CliException($"{name} holds no file that ends with {string.Join(", ", Extensions)}");
    }

    private static FileStream Open(string name) => File.Exists(name) ? File.OpenRead(name)
        : throw new CliException($"there is no file {name}");

    private static string Text(Stream stream, string name)
    {
        using (stream)
        {
            using var bytes = new MemoryStream();
            var buffer = new byte[81_920];
            int count;
            while ((count = stream.Read(buffer)) > 0)
            {
                bytes.Write(buffer, 0, count);
                if (bytes.Length > BytesMax) throw new CliException($"{name} has more than {BytesMax} bytes");
            }

            return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
        }
    }
}
