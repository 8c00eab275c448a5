# The inference server. For a GPU: images/build --gpu with a BASE that holds CUDA 13 and cuDNN as well.
# BASE has the ASP.NET Core 10 runtime; name it by digest. images/build does.
ARG BASE
FROM ${BASE}
COPY models/ /models/
COPY app/ /app/
COPY sbom/ /usr/share/sbom/
# Packages of the image are looked into before the operator is asked; without a pool they are what is served.
ENV WAF_MODELS_DIR=/models
USER 65532:65532
WORKDIR /app
EXPOSE 8500
ENTRYPOINT ["dotnet", "/app/waf-inference.dll"]
