using System.IO.Hashing;
using System.Text;

namespace RkLlama.Server.Http.Requests;

/// <summary>Identifies clients that must not share KV caches.</summary>
internal static class CacheOwner
{
    // The seed differs in each process, so that the value says nothing about a key.
    private static readonly long Seed = Random.Shared.NextInt64();

    /// <summary>Returns a hash of the client's API key and address. Clients behind one proxy have the same address.</summary>
    internal static UInt128 Of(HttpContext context) =>
        XxHash128.HashToUInt128(Encoding.UTF8.GetBytes($"{context.Connection.RemoteIpAddress}\n{string.Join('\n', ApiKeys.In(context.Request.Headers))}"), Seed);
}
