using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Models;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>
/// The limit for the body of <c>POST /api/create</c>: what becomes a Modelfile must have the size of one. It is checked before the values are parsed and joined,
/// because that needs much more time and memory than their text.
/// </summary>
internal static class CreateSize
{
    // For the names of the fields and of the models.
    private const int Rest = 4 << 10;

    // An escape such as \u0041 has six bytes for one.
    private const int MaxBytesPerByte = 6;

    /// <exception cref="ModelException">The body is too long.</exception>
    internal static void Check(JsonElement body)
    {
        const int limit = FileLimits.Modelfile + Rest;
        int written = JsonMarshal.GetRawUtf8Value(body).Length;
        if (written <= limit)
            return;
        int size = written > limit * MaxBytesPerByte ? written : SizeOf(body);
        if (size > limit)
            throw ModelException.ModelfileTooLarge(size, FileLimits.Modelfile);
    }

    /// <summary>Returns the size of all values in bytes, without escapes, and one byte for each value.</summary>
    private static int SizeOf(JsonElement value) => 1 + value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Sum(static property => property.Name.Length + SizeOf(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().Sum(SizeOf),
        JsonValueKind.String => Encoding.UTF8.GetByteCount(value.GetString()!),
        _ => JsonMarshal.GetRawUtf8Value(value).Length,
    };
}
