using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RkLlama.Cli.Move;

/// <summary><c>rkllama mv</c>: renames a model on a running server.</summary>
internal static class MoveCommand
{
    // The server waits for the active run of the model before it answers.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(10);

    /// <param name="setting">Returns the value of a common option, given its name without <c>--</c>; <see langword="null"/> if it is not set.</param>
    internal static Command Create(Func<ParseResult, string, string?> setting)
    {
        Argument<string> source = new("old") { Description = "Name of the model" };
        Argument<string> destination = new("new") { Description = "New name of the model" };
        Option<string> url = new("--url") { Description = "Server of the model", DefaultValueFactory = static _ => "http://127.0.0.1:8080" };
        Command command = new("mv", "Rename a model on a running server.") { source, destination, url };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (!Uri.TryCreate(result.GetValue(url), UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
                return await FailAsync($"--url: '{result.GetValue(url)}' is not the address of a server", code: 2).ConfigureAwait(false);

            MoveBody body = new(result.GetValue(source)!, result.GetValue(destination)!);
            return await RunAsync(address, setting(result, "api-key") ?? Environment.GetEnvironmentVariable("RKLLAMA_API_KEY"), body, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    /// <returns>The exit code: 0 if the model was renamed, otherwise 1.</returns>
    private static async Task<int> RunAsync(Uri address, string? key, MoveBody body, CancellationToken cancellationToken)
    {
        using HttpClient http = new() { BaseAddress = address, Timeout = RequestTimeout };
        if (key is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using StringContent content = new(JsonSerializer.Serialize(body, MoveJson.Default.MoveBody), Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await http.PostAsync("/api/rename", content, cancellationToken).ConfigureAwait(false);
            string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(text);
            if (!response.IsSuccessStatusCode)
                return await FailAsync(json.RootElement.TryGetProperty("error", out JsonElement error) ? error.ToString() : text).ConfigureAwait(false);

            string note = json.RootElement.GetProperty("unloaded").GetBoolean() ? "; it was unloaded, and the next request loads it again" : "";
            await Console.Out.WriteLineAsync($"{body.Source} is now {json.RootElement.GetProperty("model").GetString()}{note}").ConfigureAwait(false);
            return 0;
        }
        catch (HttpRequestException ex)
        {
            return await FailAsync($"{address} does not answer: {ex.Message}").ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return await FailAsync($"the response of {address} is not that of RkLlama").ConfigureAwait(false);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return await FailAsync($"{address} took longer than {RequestTimeout.TotalMinutes:0} minutes").ConfigureAwait(false);
        }
    }

    private static async Task<int> FailAsync(string message, int code = 1)
    {
        await Console.Error.WriteLineAsync($"rkllama: {message}").ConfigureAwait(false);
        return code;
    }
}

/// <summary>Body of <c>POST /api/rename</c>.</summary>
internal sealed record MoveBody(string Source, string Destination);

/// <summary>JSON metadata of the request.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MoveBody))]
internal sealed partial class MoveJson : JsonSerializerContext;
