using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>The hash of a file as its hub names it: SHA-256 of the content, or the object id of git. Not thread-safe.</summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash;

    private ContentHash(IncrementalHash hash, string name, string expected) => (_hash, Name, Expected) = (hash, name, expected);

    /// <summary>The name of the hash in messages.</summary>
    internal string Name { get; }

    /// <summary>The promised value in lower-case hexadecimal digits.</summary>
    internal string Expected { get; }

    /// <summary>Starts the hash of a file; <see langword="null"/> if its hub promises none.</summary>
    internal static ContentHash? Start(HubFile file)
    {
        if (file.Sha256 is { } sha256)
            return new(IncrementalHash.CreateHash(HashAlgorithmName.SHA256), "sha256", sha256);
        if (file.GitOid is not { } oid)
            return null;
#pragma warning disable CA5350 // Git names objects by SHA-1. It finds damage, and nothing rests on it that an attacker could want.
        IncrementalHash git = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        git.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        return new(git, "git", oid);
    }

    /// <summary>Starts a SHA-256 whose value is not known before. Needs <see cref="TlsLibrary"/>: the caller checks it.</summary>
    internal static ContentHash StartSha256() => new(IncrementalHash.CreateHash(HashAlgorithmName.SHA256), "sha256", "");

    /// <summary>Adds the next bytes of the content.</summary>
    internal void Append(ReadOnlySpan<byte> content) => _hash.AppendData(content);

    /// <summary>Returns the value in lower-case hexadecimal digits. No bytes may be added afterwards.</summary>
    internal string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
