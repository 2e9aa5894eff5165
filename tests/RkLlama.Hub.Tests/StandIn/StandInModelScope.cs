using Microsoft.AspNetCore.Http;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>The API of ModelScope: lists the files of repositories, and sends them itself.</summary>
internal sealed class StandInModelScope(StandInHub hub, StandInStorage storage)
{
    internal const string Prefix = "/api/v1/models/";

    internal async Task AnswerAsync(HttpContext context, string path)
    {
        string[] parts = path[Prefix.Length..].Split('/');
        if (hub.Find(parts[0] + "/" + parts[1]) is not { } repository)
        {
            await StandInAnswers.RefuseAsync(context, 404, null);
            return;
        }

        if (parts is [_, _, "repo", "files"])
        {
            IEnumerable<string> files = repository.Files.Select(static one =>
                $$$"""{"Path":"{{{one.Key}}}","Name":"{{{one.Key[(one.Key.LastIndexOf('/') + 1)..]}}}","Type":"blob","Size":{{{one.Value.Content.Size}}},"Sha256":"{{{one.Value.Content.Sha256}}}"}""");
            await StandInAnswers.WriteJsonAsync(context, $$$"""{"Code":200,"Data":{"Files":[{"Path":"sub","Name":"sub","Type":"tree","Size":0},{{{string.Join(',', files)}}}]}}""");
            return;
        }

        string file = context.Request.Query["FilePath"]!;
        await storage.SendAsync(context, repository.Files[file].Content, file);
    }
}
