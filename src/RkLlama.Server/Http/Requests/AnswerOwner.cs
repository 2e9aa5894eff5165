using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Native;

namespace RkLlama.Server.Http.Requests;

/// <summary>Identifies the clients that may read the same stored answers and streams: those that send the same API key.</summary>
internal static class AnswerOwner
{
    /// <summary>
    /// Returns a digest of the API key. If the node has a key, all clients have sent it. Otherwise it is the first key that the request sends, which any client can
    /// choose: then clients without a key share their answers, and only the random ids protect them.
    /// </summary>
    internal static string Of(HttpContext context)
    {
        string key = context.RequestServices.GetRequiredService<NodeOptions>().ApiKey ?? ApiKeys.In(context.Request.Headers).FirstOrDefault("");
        return FileHash.Sha256Of(Encoding.UTF8.GetBytes($"rkllama answers\n{key}"))[..32];
    }
}
