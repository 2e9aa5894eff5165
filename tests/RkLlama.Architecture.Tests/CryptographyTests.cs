using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests;

/// <summary>
/// The executable needs glibc and nothing else. Most of .NET's cryptography needs libssl: on a machine without libssl, a call of it ends the process.
/// </summary>
public sealed partial class CryptographyTests
{
    // Hashes of downloads. A download starts only if libssl is there.
    private const string CheckedBefore = "RkLlama.Hub/Download/ContentHash.cs";

    [Fact]
    public void No_source_uses_cryptography_that_needs_libssl()
    {
        string source = Path.Join(RepositoryRoot.Path, "src");

        IEnumerable<string> uses =
            from path in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            where !path.EndsWith(CheckedBefore, StringComparison.Ordinal)
            from Match match in NeedsLibssl.Matches(File.ReadAllText(path))
            select $"{Path.GetRelativePath(source, path)}: {match.Value}";

        uses.Should().BeEmpty();
    }

    [GeneratedRegex(@"\b(SHA\d+|MD5|HMAC\w*|IncrementalHash|RandomNumberGenerator|Aes\w*|RSA\w*|ECDsa\w*|Rfc2898DeriveBytes|HKDF|SslStream|X509\w+)\b(?=[.(])")]
    private static partial Regex NeedsLibssl { get; }
}
