using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Models.Server.Hosting;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Tests;

/// <summary>ONNX Runtime, loaded once, a server over the released packages, and the means to start others.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public OrtRuntime Runtime { get; } = OrtRuntime.Load();

    /// <summary>Folder of the released packages.</summary>
    public static string Packages { get; } = Find(Path.Combine("models", "packages"));

    /// <summary>A small network: y = relu(x W + b), x [batch, 3], y [batch, 2].</summary>
    public static byte[] Dense { get; } = File.ReadAllBytes(
        Path.Combine(Find(Path.Combine("tests", "OnnxRuntime.Tests", "TestModels")), "dense.onnx"));

    internal InferenceServer Server { get; private set; } = null!;

    public static HttpClient Client(Uri address, bool http2 = true) =>
        new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = address,
            DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };

    public static byte[] Released(string version = "1.1.0") =>
        File.ReadAllBytes(Path.Combine(Packages, $"payload-cnn-{version}.tar"));

    public static ModelPackage Package(string version = "1.1.0") =>
        ModelPackageReader.Read(Released(version), null, PackageLimits.Default).Package!;

    /// <summary>A package around the small network.</summary>
    public static byte[] DensePackage(
        string name = "dense", string version = "1.0.0", Func<ModelManifest, ModelManifest>? change = null,
            byte[]? onnx = null)
    {
        var manifest = new ModelManifest
        {
            Name = name, Version = version, Kind = "onnx", Files = new Dictionary<string, PackageFile>(),
            TokenizerDigest = "", FeatureSchemaDigest = "",
            Inputs = [new() { Name = "x", ElementType = "float32", Shape = [-1, 3] }],
            Outputs = [new() { Name = "y", ElementType = "float32", Shape = [-1, 2] }],
        };
        return ModelPackageWriter.Write(
            change?.Invoke(manifest) ?? manifest,
            new Dictionary<string, ReadOnlyMemory<byte>> { ["model.onnx"] = onnx ?? Dense });
    }

    /// <summary>A folder with the released networks and the small one.</summary>
    public static string Folder()
    {
        var folder = Directory.CreateTempSubdirectory("waf-models-").FullName;
        foreach (var file in Directory.GetFiles(
            Packages, "*.tar")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        File.WriteAllBytes(Path.Combine(folder, "dense-1.0.0.tar"), DensePackage());
        return folder;
    }

    internal static ServerOptions Options(string folder) => new()
    {
        Listen = new Uri("http://127.0.0.1:0"), ModelsDirectory = folder, Workers = 2, AllowsRepositoryChanges = true,
    };

    internal async Task<InferenceServer> StartAsync(ServerOptions options)
    {
        var server = new InferenceServer(options, Runtime, TimeProvider.System, NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        return server;
    }

    public async Task InitializeAsync() => Server = await StartAsync(Options(Folder()));

    public async Task DisposeAsync() => await Server.DisposeAsync();

    private static string Find(string relative)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, relative))) folder = folder.Parent;
        return Path.Combine(folder!.FullName, relative);
    }
}

/// <summary>Tests that share the server.</summary>
[CollectionDefinition("server")]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>;
