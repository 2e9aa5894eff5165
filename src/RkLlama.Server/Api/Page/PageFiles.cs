using System.IO.Hashing;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RkLlama.Server.Api.Page;

/// <summary>A file of the page.</summary>
/// <param name="Name">Name of the file, such as <c>index.html</c>.</param>
/// <param name="ContentType">Value of the header Content-Type.</param>
/// <param name="ETag">Identifies the content, with quotes.</param>
/// <param name="IsImmutable">Whether the name contains a hash of the content, so that clients never need to ask again.</param>
/// <param name="OpenGzip">Opens the content, compressed with gzip.</param>
internal sealed record PageFile(string Name, string ContentType, string ETag, bool IsImmutable, Func<Stream> OpenGzip);

/// <summary>
/// The files of the page. The executable contains them compressed with gzip, because browsers accept other compressions only with TLS. Reading one copies nothing: the
/// stream is a view of the executable in memory.
/// </summary>
internal sealed partial class PageFiles
{
    internal const string Index = "index.html";

    private const string Prefix = "page/";

    private readonly Dictionary<string, PageFile> _files;

    /// <summary>The files in this executable. Empty if it was built without the page.</summary>
    public PageFiles()
        : this(typeof(PageFiles).Assembly)
    {
    }

    private PageFiles(Assembly assembly)
        : this(assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(static name => name[Prefix.Length..], Func<Stream> (name) => () => assembly.GetManifestResourceStream(name)!, StringComparer.Ordinal))
    {
    }

    /// <param name="compressed">The names of the files, each with a function that opens its content, compressed with gzip.</param>
    internal PageFiles(IReadOnlyDictionary<string, Func<Stream>> compressed) =>
        _files = compressed.ToDictionary(
            static file => file.Key,
            static file => new PageFile(file.Key, ContentTypeOf(file.Key), HashOf(file.Value), HasHash.IsMatch(file.Key), file.Value),
            StringComparer.Ordinal);

    internal bool IsEmpty => _files.Count == 0;

    internal PageFile? Find(string name) => _files.GetValueOrDefault(name);

    private static string HashOf(Func<Stream> open)
    {
        XxHash128 hash = new();
        using Stream content = open();
        hash.Append(content);
        return $"\"{Convert.ToHexStringLower(hash.GetCurrentHash())}\"";
    }

    private static string ContentTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" or ".map" => "application/json",
        ".webmanifest" => "application/manifest+json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".ico" => "image/x-icon",
        ".woff2" => "font/woff2",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };

    // The form of the names that the bundler writes: app-5QJHZ3XT.js.
    [GeneratedRegex(@"-[A-Za-z0-9]{8,}\.[a-z0-9]+\z")]
    private static partial Regex HasHash { get; }
}
