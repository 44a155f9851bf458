from whatsapp_hub.main.cli import main

main()
